import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import {
  type WantedMembership,
  checkMemberships,
  parseMembership,
} from '../../network/private/membership.ts';
import { LEAST_MTU, MOST_MTU } from '../../network/private/network-record.ts';
import { firstCardOf, isFirstCard } from '../../network/private/network-name.ts';
import { NETS, networkFlag } from '../../machine/spec/network-flag.ts';
import { withFlag } from '../../machine/spec/option-flag.ts';
import { DISPLAYS, type MachineSpec } from './machine-spec.ts';

/** Linux's limit for interface names, without characters that a shell or QEMU rejects. */
const BRIDGE_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/;

/** Options of named machines only, which can also be changed. */
export const namedOptions = z
  .object({
    /** `auto` is passt if available, otherwise slirp; `bridge=NAME` is a bridge of the host, whose MTU the card has unless `:mtu=N` follows. */
    net: withFlag(z.string(), networkFlag('auto, passt, slirp, none or bridge=NAME[:mtu=N]')),
    /**
     * Private networks, as in `lan` or `lan:alias=primary,ip=10.9.0.20`; each adds a card. One entry may be a value of
     * `net` instead.
     */
    networks: z.array(z.string()).readonly(),
    /** A TPM 2.0 by swtpm. */
    tpm: withFlag(z.boolean(), {
      flag: '--tpm',
      group: 'Hardware',
      description: 'add a TPM 2.0 (requires swtpm)',
    }),
    /** `vnc` adds a screen. */
    display: withFlag(z.enum(DISPLAYS), {
      flag: '--display <kind>',
      group: 'Hardware',
      description: 'screen for vmlet view',
    }),
    /** User of ssh. */
    sshUser: withFlag(z.string().regex(/^[a-z_][a-z0-9_.-]*$/i, 'expected a user name'), {
      flag: '--ssh-user <user>',
      description: 'user name for vmlet ssh',
    }),
  })
  .partial().shape;

/** The cards that `net` and `networks` describe. */
export interface WantedCards {
  /** The first card; undefined when neither option describes it. */
  readonly first: Pick<MachineSpec, 'net' | 'bridge' | 'mtu'> | undefined;
  readonly memberships: readonly WantedMembership[];
}

/** @throws InvalidInputError */
export function parseCards(net: string | undefined, networks: readonly string[] = []): WantedCards {
  const first = firstCardOf(net, networks);
  const memberships = networks.flatMap((text, index) =>
    isFirstCard(text) ? [] : [parseMembership(text, `networks[${index}]`)],
  );
  checkMemberships(memberships, 'networks');
  return { first: first === undefined ? undefined : parseNet(first), memberships };
}

/** @throws InvalidInputError */
function parseNet(text: string): Pick<MachineSpec, 'net' | 'bridge' | 'mtu'> {
  if (isNet(text)) return { net: text };
  const [, bridge, digits] = /^bridge=([^:]*)(?::mtu=(\d+))?$/.exec(text) ?? [];
  if (bridge !== undefined && BRIDGE_NAME.test(bridge)) {
    if (digits === undefined) return { net: 'bridge', bridge };
    const mtu = Number(digits);
    if (mtu >= LEAST_MTU && mtu <= MOST_MTU) return { net: 'bridge', bridge, mtu };
  }
  throw new InvalidInputError('net', `invalid network ${JSON.stringify(text)}`, {
    hint: `use auto, passt, slirp, none or bridge=NAME[:mtu=N], with an MTU of ${LEAST_MTU} to ${MOST_MTU} bytes`,
  });
}

function isNet(text: string): text is Exclude<MachineSpec['net'], 'bridge'> {
  return NETS.some((net) => net === text);
}
