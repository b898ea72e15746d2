import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { appendNeedsKernel } from '../../machine/spec/kernel-command-line.ts';
import { checkHoldsGuest, parseLimits } from '../../machine/spec/limits.ts';
import { hardwareOf } from '../../machine/spec/hardware-options.ts';
import { changeOptions } from '../../machine/spec/machine-options.ts';
import { parseMemory } from '../../machine/spec/memory-size.ts';
import { flagsOf, reworded, withFlag } from '../../machine/spec/option-flag.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { recordOf } from '../../util/options/record-of.ts';
import type { Membership, WantedMembership } from '../../network/private/membership.ts';
import { withMacs } from './bridge-cards.ts';
import { checkCards } from './network-cards.ts';
import type { MachineSpec } from './machine-spec.ts';
import { namedOptions, parseCards } from './named-options.ts';

export const changesSchema = z.strictObject({
  ...changeOptions,
  ...namedOptions,
  /** As in `LaunchOptions`; replaces all earlier limits, and `none` removes them. */
  limits: changeOptions.limits,
  /** Kernel command line, for a kernel or image. */
  append: reworded(changeOptions.append.optional(), { description: 'kernel command line' }),
  /** Whether the removal of the machine must be forced. */
  protect: z.boolean().optional(),
  /** Labels to set; undefined removes a label. */
  labels: withFlag(recordOf(z.string().min(1), z.string().optional()), {
    flag: '-l, --label <key=value>',
    description: 'set a label',
    value: 'pairs',
  }).optional(),
  /** False: the installer given at creation does not start again. */
  installer: z.literal(false).optional(),
});

/** The changes that have flags on a command line. */
export const changeFlags = flagsOf(changesSchema);

/** Changes of an existing machine. Disks, ports and media have operations of their own. */
export type MachineChanges = Readonly<z.input<typeof changesSchema>>;

/** A changed setting of a machine. */
export interface Difference {
  readonly field: string;
  readonly from: string;
  readonly to: string;
  /** Whether a running machine has the change now or after its next start. */
  readonly takesEffect: 'now' | 'next start';
}

/** The new definition of a machine, and its differences from the old one. */
export interface ChangedSpec {
  readonly spec: MachineSpec;
  readonly differences: readonly Difference[];
}

const NOW: ReadonlySet<keyof MachineSpec> = new Set(['labels', 'protected', 'sshUser'] as const);

/**
 * @param join gives the machine its addresses in the networks that `changes` lists.
 * @throws InvalidInputError
 */
export function changeSpec(
  spec: MachineSpec,
  changes: MachineChanges,
  join: (wanted: readonly WantedMembership[]) => readonly Membership[],
): ChangedSpec {
  const valid = parseOptions(changesSchema, changes, 'changes');
  const {
    bridge: _bridge,
    mtu: _mtu,
    bridges: earlierBridges,
    installer: _installer,
    limits: earlierLimits,
    networks: earlierNetworks,
    ...rest
  } = spec;
  const memoryBytes = valid.memory === undefined ? spec.memoryBytes : parseMemory(valid.memory);
  const limits = valid.limits === undefined ? earlierLimits : parseLimits(valid.limits, memoryBytes);
  checkHoldsGuest(limits, memoryBytes);
  const { first, bridges: wantedBridges, memberships } = parseCards(valid.net, valid.networks);
  const net = first ?? { net: spec.net, bridge: spec.bridge, mtu: spec.mtu };
  if ((net.net === 'none' || net.net === 'bridge') && spec.ports.length > 0) {
    throw new InvalidInputError(
      'net',
      `"${net.net}" does not support port forwards, but machine "${spec.name}" has forwards`,
      {
        hint: `remove the forwards first: vmlet port rm ${spec.name} --all${net.net === 'bridge' ? '; or add --net auto, whose card has forwards' : ''}`,
      },
    );
  }
  const bridges = first ? withMacs(wantedBridges, earlierBridges) : earlierBridges;
  const networks = valid.networks === undefined ? earlierNetworks : [...join(memberships)];
  const next: MachineSpec = {
    ...rest,
    memoryBytes,
    ...hardwareOf(valid),
    ...(limits && { limits }),
    net: net.net,
    ...(net.bridge !== undefined && { bridge: net.bridge }),
    ...(net.mtu !== undefined && { mtu: net.mtu }),
    mac: valid.mac ?? spec.mac,
    ...(bridges !== undefined && bridges.length > 0 && { bridges: [...bridges] }),
    // A machine without networks that had some loses their names from its hosts file.
    ...(networks !== undefined && { networks }),
    display: valid.display ?? spec.display,
    tpm: valid.tpm ?? spec.tpm,
    boot: bootWith(spec.boot, valid.append),
    ...(spec.installer && valid.installer !== false && { installer: spec.installer }),
    sshUser: valid.sshUser ?? spec.sshUser,
    protected: valid.protect ?? spec.protected,
    labels: labelsWith(spec.labels, valid.labels),
  };
  if (valid.mac !== undefined) checkCards(next, 'mac');
  else if (valid.networks !== undefined) checkCards(next, 'networks');
  else if (first) checkCards(next, 'net');
  return { spec: next, differences: differencesOf(spec, next) };
}

function bootWith(boot: MachineSpec['boot'], append: string | undefined): MachineSpec['boot'] {
  if (append === undefined) return boot;
  if (boot.kind === 'firmware') throw appendNeedsKernel('change the kernel command line in the guest');
  return { ...boot, append };
}

function labelsWith(
  labels: MachineSpec['labels'],
  changes: Readonly<Record<string, string | undefined>> = {},
): MachineSpec['labels'] {
  const next = Object.entries({ ...labels, ...changes });
  return Object.fromEntries(next.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function differencesOf(before: MachineSpec, after: MachineSpec): Difference[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof MachineSpec)[];
  return fields
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({
      field,
      from: describe(before[field]),
      to: describe(after[field]),
      takesEffect: NOW.has(field) ? 'now' : 'next start',
    }));
}

function describe(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
