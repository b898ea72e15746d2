import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import {
  type WantedMembership,
  checkMemberships,
  parseMembership,
} from '../../network/private/membership.ts';
import { LEAST_MTU, MOST_MTU } from '../../network/private/network-record.ts';
import { cardSetTwice, isBridgeCard, isOutsideCard } from '../../network/private/network-name.ts';
import { NETS, networkFlag } from '../../machine/spec/network-flag.ts';
import { withFlag } from '../../machine/spec/option-flag.ts';
import { type WantedBridge, parseBridge } from './bridge-cards.ts';
import { DISPLAYS, type MachineSpec } from './machine-spec.ts';

/** Options of named machines only, which can also be changed. */
export const namedOptions = z
  .object({
    /**
     * The first card: `auto` is passt if available, otherwise slirp; `bridge=NAME` is a bridge of the host, whose MTU the
     * card has unless `:mtu=N` follows. In a list, each further `bridge=NAME[:mtu=N,mac=ADDRESS]` adds a card; with `none`
     * they are the only cards.
     */
    net: withFlag(
      z.union([z.string(), z.array(z.string()).readonly()]),
      networkFlag('auto, passt, slirp or none; bridge=NAME[:mtu=N,mac=ADDRESS], alone or beside these'),
    ),
    /**
     * Private networks, as in `lan` or `lan:alias=primary,ip=10.9.0.20`; each adds a card. Entries may be values of
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
  /** The first card; undefined when neither option describes a card outside of private networks. */
  readonly first: Pick<MachineSpec, 'net' | 'bridge' | 'mtu'> | undefined;
  /** Further cards on bridges. */
  readonly bridges: readonly WantedBridge[];
  readonly memberships: readonly WantedMembership[];
}

/** A value that describes a card outside of private networks. */
interface OutsideCard {
  readonly text: string;
  readonly field: string;
}

/** @throws InvalidInputError */
export function parseCards(
  net: string | readonly string[] | undefined,
  networks: readonly string[] = [],
): WantedCards {
  const fields = networks.map((text, index) => ({ text, field: `networks[${index}]` }));
  const memberships = fields
    .filter(({ text }) => !isOutsideCard(text))
    .map(({ text, field }) => parseMembership(text, field));
  checkMemberships(memberships, 'networks');
  const outside = [...valuesOf(net), ...fields.filter(({ text }) => isOutsideCard(text))];
  const bridges = outside.filter(({ text }) => isBridgeCard(text));
  const [first, second] = outside.filter((card) => !bridges.includes(card));
  if (first && second) throw cardSetTwice(second.field, [first.text, second.text]);
  return {
    first: first ? { net: parseNet(first) } : parseFirstBridge(bridges[0]),
    bridges: bridges.slice(first ? 0 : 1).map(({ text, field }) => parseBridge(text, field)),
    memberships,
  };
}

function valuesOf(net: string | readonly string[] | undefined): OutsideCard[] {
  if (net === undefined) return [];
  if (typeof net === 'string') return [{ text: net, field: 'net' }];
  return net.map((text, index) => ({ text, field: `net[${index}]` }));
}

/** @throws InvalidInputError */
function parseNet({ text, field }: OutsideCard): Exclude<MachineSpec['net'], 'bridge'> {
  const net = NETS.find((one) => one === text);
  if (net !== undefined) return net;
  throw new InvalidInputError(field, `invalid network ${JSON.stringify(text)}`, {
    hint: `use auto, passt, slirp, none or bridge=NAME[:mtu=N,mac=ADDRESS], with an MTU of ${LEAST_MTU} to ${MOST_MTU} bytes`,
  });
}

/** The first card's MAC address is an option of its own, which exists for every network. */
function parseFirstBridge(card: OutsideCard | undefined): WantedCards['first'] {
  if (!card) return undefined;
  const { bridge, mtu, mac } = parseBridge(card.text, card.field);
  if (mac !== undefined) {
    throw new InvalidInputError(card.field, 'mac= is for further cards, and this is the first one', {
      hint: `use --mac ${mac}`,
    });
  }
  return { net: 'bridge', bridge, ...(mtu !== undefined && { mtu }) };
}
