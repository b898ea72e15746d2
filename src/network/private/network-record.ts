import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { type Subnet, parseSubnet } from '../ethernet/subnet.ts';
import { issueWords } from '../../util/options/issue-words.ts';

export const LEAST_MTU = 576;
/** The longest frame that QEMU's stream carries, without the Ethernet header. */
export const MOST_MTU = 65_520;
export const DEFAULT_MTU = 1500;
/** As many as the switch keeps. */
export const MOST_PARTITIONS = 64;

/** Made at its first use: it takes a millisecond, and most commands read no network. */
const recordSchema = z.lazy(() =>
  z.strictObject({
    version: z.literal(1),
    name: z.string(),
    createdAt: z.iso.datetime(),
    subnet: z.string(),
    /** Unique local prefix (RFC 4193) of the members' IPv6 addresses, such as `fd12:3456:789a::`, with 64 bits. */
    ipv6: z.string().regex(/^fd[0-9a-f]{2}(?::[0-9a-f]{1,4}){0,2}::$/),
    mtu: z.int().min(LEAST_MTU).max(MOST_MTU),
    /** Groups of names; frames between different groups of a partition are dropped. */
    partitions: z.array(z.array(z.array(z.string()).min(1)).min(2)).max(MOST_PARTITIONS),
  }),
);

/** The definition of a private network, `network.json`. Its members are in the definitions of machines. */
export type NetworkRecord = Readonly<z.infer<typeof recordSchema>>;

/** The settings from which addresses and names of members follow, in networks of both kinds. */
export type NetworkSettings = Pick<NetworkRecord, 'name' | 'subnet' | 'ipv6' | 'mtu'>;

/** @throws InvalidInputError that names the file and the problem. */
export function parseNetworkRecord(text: string, path: string): NetworkRecord {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new InvalidInputError(path, 'is not JSON', { cause: error });
  }
  const parsed = recordSchema.safeParse(data, { error: issueWords });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InvalidInputError(
      path,
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid value'}`,
      { cause: parsed.error },
    );
  }
  parseSubnet(parsed.data.subnet);
  return parsed.data;
}

export function formatNetworkRecord(record: NetworkRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

export function subnetOf({ subnet }: Pick<NetworkRecord, 'subnet'>): Subnet {
  return parseSubnet(subnet);
}
