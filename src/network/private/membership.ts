import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { EXPECTED_MAC, UNICAST_MAC } from '../card/mac-address.ts';
import { isIpv4 } from '../ports/ip-address.ts';
import { hostNameSchema } from '../../util/options/host-name.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { checkNetworkName } from './network-name.ts';
import { LEAST_MTU, MOST_MTU } from './network-record.ts';

const MOST_LATENCY_MS = 60_000;
const LEAST_BANDWIDTH = 1000;
const MOST_BANDWIDTH = 1e12;
const PPM = 1_000_000;

const wishes = {
  /** A further name by which other members find the machine. */
  alias: hostNameSchema.optional(),
  mtu: z.int().min(LEAST_MTU).max(MOST_MTU).optional(),
  /** Delay of each frame, in milliseconds. */
  latencyMs: z.int().min(0).max(MOST_LATENCY_MS).optional(),
  /** Probability of losing a frame, in millionths. */
  lossPpm: z.int().min(0).max(PPM).optional(),
  /** Bytes a second. */
  bandwidth: z.int().min(LEAST_BANDWIDTH).max(MOST_BANDWIDTH).optional(),
};

/** Each network takes one card of the guest, and one of the keeper's helpers. */
export const MOST_MEMBERSHIPS = 8;

/** A machine's place in a private network, as stored in its definition. */
export const membershipSchema = z.strictObject({
  network: z.string(),
  /** IPv4 address in the network. */
  address: z.string().refine(isIpv4, 'expected an IPv4 address'),
  mac: z.string().regex(UNICAST_MAC),
  /** Number of its card; by default its place among the machine's networks. */
  card: z
    .int()
    .min(0)
    .max(MOST_MEMBERSHIPS - 1)
    .optional(),
  ...wishes,
});

export type Membership = Readonly<z.infer<typeof membershipSchema>>;

/** A membership as a user asks for it: addresses that are not given are chosen. */
export type WantedMembership = Omit<Membership, 'address' | 'mac'> &
  Partial<Pick<Membership, 'address' | 'mac'>>;

type Reader = (value: string) => Partial<WantedMembership> | undefined;

const OPTIONS: Readonly<Record<string, Reader>> = {
  alias: (value) => (hostNameSchema.safeParse(value).success ? { alias: value } : undefined),
  ip: (value) => (isIpv4(value) ? { address: value } : undefined),
  mac: (value) => (UNICAST_MAC.test(value.toLowerCase()) ? { mac: value.toLowerCase() } : undefined),
  mtu: (value) => wholeNumber('mtu', value, LEAST_MTU, MOST_MTU),
  latency: (value) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(value) ?? [];
    const latencyMs = Math.round(Number(number) * (unit === 's' ? 1000 : 1));
    const isPossible = latencyMs <= MOST_LATENCY_MS && !isRoundedAway(number, latencyMs);
    return number !== '' && isPossible ? { latencyMs } : undefined;
  },
  loss: (value) => {
    const [, number = ''] = /^(\d+(?:\.\d+)?)%$/.exec(value) ?? [];
    const lossPpm = Math.round(Number(number) * (PPM / 100));
    const isPossible = lossPpm <= PPM && !isRoundedAway(number, lossPpm);
    return number !== '' && isPossible ? { lossPpm } : undefined;
  },
  bandwidth: (value) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kMG]?)bit$/.exec(value) ?? [];
    const bits = Number(number) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[unit as '' | 'k' | 'M' | 'G'];
    const bandwidth = Math.round(bits / 8);
    const isPossible = bandwidth >= LEAST_BANDWIDTH && bandwidth <= MOST_BANDWIDTH;
    return number !== '' && isPossible ? { bandwidth } : undefined;
  },
};

/** The keys of `NAME:KEY=VALUE,…`. */
export const MEMBERSHIP_KEYS: readonly string[] = Object.keys(OPTIONS);

const EXPECTED: Readonly<Record<string, string>> = {
  alias: 'expected at most 63 letters, digits and hyphens, and no hyphen at either end',
  ip: 'expected an IPv4 address',
  mac: EXPECTED_MAC,
  mtu: `expected ${LEAST_MTU} to ${MOST_MTU} bytes`,
  latency: 'expected 0ms, or 0.5ms to 60s (rounded to whole milliseconds), such as 20ms',
  loss: 'expected 0%, or 0.00005% to 100% (rounded to 0.0001%), such as 0.5%',
  bandwidth: 'expected 8kbit to 8000Gbit, such as 10Mbit',
};

/** How a machine joins a network, with the words of `NAME:KEY=VALUE,…`. */
export interface MemberOptions {
  /** A further name by which other members find the machine. */
  readonly alias?: string | undefined;
  /** IPv4 address of its card; by default the one that it had, or the lowest free one. */
  readonly ip?: string | undefined;
  /** MAC address of its card; by default it follows from the IPv4 address. */
  readonly mac?: string | undefined;
  /** MTU of its card in bytes, from 576 to 65520; that of the network by default. */
  readonly mtu?: number | undefined;
  /** Delay of each frame on its cable, in both directions, as in `20ms`: `0ms`, or `0.5ms` to `60s`, rounded to whole milliseconds. */
  readonly latency?: string | undefined;
  /** Probability of losing a frame on its cable, in both directions, as in `0.5%`: `0%`, or at least `0.00005%`, rounded to 0.0001%. */
  readonly loss?: string | undefined;
  /** Bandwidth of its cable, in both directions, as in `10Mbit` (a second). */
  readonly bandwidth?: string | undefined;
}

/** Made at its first use: only the library has memberships as objects. */
const memberOptionsSchema = z.lazy(() =>
  z.strictObject({
    alias: asOption('alias', z.string()),
    ip: asOption('ip', z.string()),
    mac: asOption('mac', z.string()),
    mtu: asOption('mtu', z.number().transform(String)),
    latency: asOption('latency', z.string()),
    loss: asOption('loss', z.string()),
    bandwidth: asOption('bandwidth', z.string()),
  }),
);

/** Returns a schema for an option in the form in which `NAME:KEY=VALUE` has it. */
function asOption(key: string, schema: z.ZodType<string>) {
  return schema
    .transform((value, context) => {
      const wanted = OPTIONS[key]?.(value);
      if (wanted) return wanted;
      context.addIssue(EXPECTED[key] ?? 'invalid value');
      return z.NEVER;
    })
    .optional();
}

/** @throws InvalidInputError */
export function readMemberOptions(network: string, options: MemberOptions, field: string): WantedMembership {
  const schema = z.strictObject({ [field]: memberOptionsSchema });
  const wanted = parseOptions(schema, { [field]: options })[field];
  return Object.values(wanted ?? {}).reduce<WantedMembership>((sum, value) => ({ ...sum, ...value }), {
    network,
  });
}

/** Parses `NAME[:KEY=VALUE,…]`. @throws InvalidInputError */
export function parseMembership(text: string, field: string): WantedMembership {
  const [, name = '', options] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const wanted: WantedMembership = { network: checkNetworkName(name, field) };
  const parts = options === undefined ? [] : options.split(',');
  const seen = new Set<string>();
  return parts.reduce<WantedMembership>((sum, part) => {
    const at = part.indexOf('=');
    const key = part.slice(0, Math.max(at, 0));
    const read = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
    if (!read) {
      throw new InvalidInputError(
        field,
        `invalid option ${JSON.stringify(part)} in ${JSON.stringify(text)}`,
        {
          hint: `write ${name}:KEY=VALUE,… where KEY is one of ${MEMBERSHIP_KEYS.join(', ')}`,
        },
      );
    }
    if (seen.has(key)) throw new InvalidInputError(field, `${key} is given twice in ${JSON.stringify(text)}`);
    seen.add(key);
    const value = read(part.slice(at + 1));
    if (value) return { ...sum, ...value };
    throw new InvalidInputError(
      field,
      `invalid option ${JSON.stringify(part)}: ${EXPECTED[key] ?? 'invalid value'}`,
    );
  }, wanted);
}

/** Returns the text that `parseMembership` reads as this. */
export function formatMembership(wanted: WantedMembership): string {
  const { network, alias, address, mac, mtu, latencyMs, lossPpm, bandwidth } = wanted;
  const options = [
    alias !== undefined && `alias=${alias}`,
    address !== undefined && `ip=${address}`,
    mac !== undefined && `mac=${mac}`,
    mtu !== undefined && `mtu=${mtu}`,
    latencyMs !== undefined && `latency=${latencyMs}ms`,
    lossPpm !== undefined && `loss=${lossPpm / (PPM / 100)}%`,
    bandwidth !== undefined && `bandwidth=${bandwidth * 8}bit`,
  ].filter((option) => option !== false);
  return options.length === 0 ? network : `${network}:${options.join(',')}`;
}

/** @throws InvalidInputError when a network is listed twice, or there are too many. */
export function checkMemberships(wanted: readonly WantedMembership[], field: string): void {
  if (wanted.length > MOST_MEMBERSHIPS) {
    throw new InvalidInputError(
      field,
      `a machine can be in at most ${MOST_MEMBERSHIPS} networks, not ${wanted.length}`,
    );
  }
  const names = wanted.map(({ network }) => network);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidInputError(field, `duplicate network "${twice}"`);
}

/** True when a number other than 0 was rounded to 0. */
function isRoundedAway(number: string, rounded: number): boolean {
  return rounded === 0 && Number(number) !== 0;
}

function wholeNumber(
  key: 'mtu',
  value: string,
  least: number,
  most: number,
): Partial<WantedMembership> | undefined {
  const number = Number(value);
  return /^\d+$/.test(value) && number >= least && number <= most ? { [key]: number } : undefined;
}
