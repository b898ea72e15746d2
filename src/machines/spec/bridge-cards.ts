import { InvalidInputError } from '../../errors/index.ts';
import { EXPECTED_MAC, macSchema } from '../../network/card/mac-address.ts';
import { newMac } from '../../network/card/network-card.ts';
import { LEAST_MTU, MOST_MTU } from '../../network/private/network-record.ts';
import type { MachineSpec, StoredBridge } from './machine-spec.ts';

/** Linux's limit for interface names, without characters that a shell or QEMU rejects. */
const BRIDGE_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/;

/** A card as a user asks for it: an address that is not given is chosen. */
export type WantedBridge = Omit<StoredBridge, 'mac'> & Partial<Pick<StoredBridge, 'mac'>>;

/** Any of a machine's cards on bridges. */
export interface BridgeCard<Mac = string> extends Omit<StoredBridge, 'mac'> {
  /** 0 for the first card; the others count from 1. */
  readonly number: number;
  /** Undefined for an address that is still to be chosen. */
  readonly mac: Mac;
}

/** The settings of a machine, or of a new one, that give it cards on bridges. */
export interface WithBridges<Mac = string> extends Pick<MachineSpec, 'net' | 'bridge' | 'mtu'> {
  readonly mac: Mac;
  readonly bridges?: readonly (Omit<StoredBridge, 'mac'> & { readonly mac?: Mac })[] | undefined;
}

type Reader = (value: string) => Partial<WantedBridge> | undefined;

const OPTIONS: Readonly<Record<string, Reader>> = {
  mac: (value) => {
    const { success, data } = macSchema.safeParse(value);
    return success ? { mac: data } : undefined;
  },
  mtu: (value) => {
    const mtu = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    return mtu >= LEAST_MTU && mtu <= MOST_MTU ? { mtu } : undefined;
  },
};

/** Parses `bridge=NAME[:mtu=N,mac=ADDRESS]`. @throws InvalidInputError */
export function parseBridge(text: string, field: string): WantedBridge {
  const [, bridge = '', options] = /^bridge=([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const read = (options?.split(',') ?? []).map((part) => {
    const [, key = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(part) ?? [];
    return { part, key, wanted: Object.hasOwn(OPTIONS, key) ? OPTIONS[key]?.(value) : undefined };
  });
  const keys = read.map(({ key }) => key);
  const wrong = read.find(({ wanted, key }, index) => wanted === undefined || keys.indexOf(key) < index);
  const isName = BRIDGE_NAME.test(bridge);
  if (isName && !wrong) {
    return read.reduce<WantedBridge>((sum, { wanted }) => ({ ...sum, ...wanted }), { bridge });
  }
  const problem =
    isName && wrong
      ? wrong.part === ''
        ? 'an option is empty'
        : `${JSON.stringify(wrong.part)} is invalid or repeated`
      : 'the name of the bridge is missing or invalid';
  throw new InvalidInputError(field, `invalid network ${JSON.stringify(text)}: ${problem}`, {
    hint: `write bridge=NAME[:mtu=N,mac=ADDRESS], with an MTU of ${LEAST_MTU} to ${MOST_MTU} bytes; mac: ${EXPECTED_MAC}`,
  });
}

/** Chooses addresses; a card without one that was on the same bridge before keeps its own. */
export function withMacs(
  wanted: readonly WantedBridge[],
  earlier: readonly StoredBridge[] = [],
): StoredBridge[] {
  const given = wanted.map(({ mac }) => mac);
  const left = earlier.filter(({ mac }) => !given.includes(mac));
  return wanted.map((card) => {
    if (card.mac !== undefined) return { ...card, mac: card.mac };
    const place = left.findIndex(({ bridge }) => bridge === card.bridge);
    const [before] = place < 0 ? [] : left.splice(place, 1);
    return { ...card, mac: before?.mac ?? newMac() };
  });
}

/** Returns all of a machine's cards on bridges, in the order of their numbers. */
export function bridgeCards(machine: WithBridges): BridgeCard[];
export function bridgeCards(machine: WithBridges<string | undefined>): BridgeCard<string | undefined>[];
export function bridgeCards({
  net,
  bridge,
  mtu,
  mac,
  bridges = [],
}: WithBridges<string | undefined>): BridgeCard<string | undefined>[] {
  return [
    ...(net === 'bridge' && bridge !== undefined ? [{ number: 0, bridge, mtu, mac }] : []),
    ...bridges.map((card, place) => ({
      number: place + 1,
      bridge: card.bridge,
      mtu: card.mtu,
      mac: card.mac,
    })),
  ];
}
