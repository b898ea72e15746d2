import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { LIMITS, type LimitsInput, checkHoldsGuest, parseLimits } from '../../machine/spec/limits.ts';
import { parseMemory } from '../../machine/spec/memory-size.ts';
import { parseOptions } from '../../util/options.ts';
import { recordOf } from '../../util/record-of.ts';
import { parseNet } from './create-options.ts';
import type { MachineSpec } from './machine-spec.ts';

/** What can be changed of a machine that is there. Disks, ports and media have their own operations. */
export interface MachineChanges {
  /** Bytes, or a size such as `4G`. */
  readonly memory?: number | string | undefined;
  readonly cpus?: number | undefined;
  readonly accel?: 'auto' | 'kvm' | 'tcg' | undefined;
  /** As in `LaunchOptions`; they take the place of all earlier ones, and `none` takes them away. */
  readonly limits?: LimitsInput | undefined;
  /** As in `CreateOptions`. */
  readonly net?: string | undefined;
  readonly display?: 'vnc' | 'none' | undefined;
  readonly tpm?: boolean | undefined;
  /** The command line of its kernel or image. */
  readonly append?: string | undefined;
  readonly sshUser?: string | undefined;
  readonly protect?: boolean | undefined;
  /** Labels to set; undefined takes one away. */
  readonly labels?: Readonly<Record<string, string | undefined>> | undefined;
  /** False: the installer that was given at creation does not start again. */
  readonly installer?: false | undefined;
}

export interface Difference {
  readonly field: string;
  readonly from: string;
  readonly to: string;
  /** Whether a machine that runs has it at once, or with its next start. */
  readonly takesEffect: 'now' | 'next start';
}

export interface ChangedSpec {
  readonly spec: MachineSpec;
  readonly differences: readonly Difference[];
}

const changesSchema = z.strictObject({
  memory: z.union([z.number(), z.string()]).optional(),
  cpus: z.int().min(1).max(255).optional(),
  accel: z.enum(['auto', 'kvm', 'tcg']).optional(),
  limits: LIMITS.optional(),
  net: z.string().optional(),
  display: z.enum(['vnc', 'none']).optional(),
  tpm: z.boolean().optional(),
  append: z.string().optional(),
  sshUser: z.string().min(1).optional(),
  protect: z.boolean().optional(),
  labels: recordOf(z.string().min(1), z.string().optional()).optional(),
  installer: z.literal(false).optional(),
});

const NOW: ReadonlySet<keyof MachineSpec> = new Set(['labels', 'protected', 'sshUser'] as const);

/** @throws InvalidInputError */
export function changeSpec(spec: MachineSpec, changes: MachineChanges): ChangedSpec {
  const valid = parseOptions(changesSchema, changes, 'changes');
  const { bridge: _bridge, installer: _installer, limits: earlierLimits, ...rest } = spec;
  const memoryBytes = valid.memory === undefined ? spec.memoryBytes : parseMemory(valid.memory);
  const limits = valid.limits === undefined ? earlierLimits : parseLimits(valid.limits, memoryBytes);
  checkHoldsGuest(limits, memoryBytes);
  const net = valid.net === undefined ? { net: spec.net, bridge: spec.bridge } : parseNet(valid.net);
  if ((net.net === 'none' || net.net === 'bridge') && spec.ports.length > 0) {
    throw new InvalidInputError('net', `${valid.net ?? net.net} has no forwards, and ${spec.name} has some`, {
      hint: `remove them first: vmlet port rm ${spec.name} --all`,
    });
  }
  const next: MachineSpec = {
    ...rest,
    memoryBytes,
    cpus: valid.cpus ?? spec.cpus,
    accel: valid.accel ?? spec.accel,
    ...(limits && { limits }),
    net: net.net,
    ...(net.bridge !== undefined && { bridge: net.bridge }),
    display: valid.display ?? spec.display,
    tpm: valid.tpm ?? spec.tpm,
    boot: bootWith(spec.boot, valid.append),
    ...(spec.installer && valid.installer !== false && { installer: spec.installer }),
    sshUser: valid.sshUser ?? spec.sshUser,
    protected: valid.protect ?? spec.protected,
    labels: labelsWith(spec.labels, valid.labels),
  };
  return { spec: next, differences: differencesOf(spec, next) };
}

function bootWith(boot: MachineSpec['boot'], append: string | undefined): MachineSpec['boot'] {
  if (append === undefined) return boot;
  if (boot.kind === 'firmware') {
    throw new InvalidInputError('append', 'is for a kernel, and this machine boots from its disk');
  }
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
