import * as z from 'zod';
import type { NetworkStatistics } from './statistics.ts';

/** Fields of a line of /proc/net/dev after the name (proc_pid_net(5)). */
const FIELDS = { receivedBytes: 0, receivedPackets: 1, sentBytes: 8, sentPackets: 9 } as const;
/** The digits of a 64-bit counter, at most. The guest may be hostile. */
const MOST_DIGITS = 20;
const LOOPBACK = 'lo';

/**
 * Parses the guest's /proc/net/dev, without its loopback. Older kernels print no space before a long counter, as in
 * `eth0:123`.
 * @returns undefined for a text without any interface, which is not that file.
 */
export function networksOfTable(text: string): NetworkStatistics[] | undefined {
  const found = text.split('\n').flatMap((line): NetworkStatistics[] => {
    const [, name, counters = ''] = /^\s*(\S+?):\s*(\d[\d\s]*)$/.exec(line) ?? [];
    const fields = counters.trim().split(/\s+/);
    if (name === undefined || fields.length <= FIELDS.sentPackets) return [];
    if (fields.some(({ length }) => length > MOST_DIGITS)) return [];
    const count = (field: keyof typeof FIELDS): number => Number(fields[FIELDS[field]]);
    return [
      {
        source: 'guest',
        interface: name,
        receivedBytes: count('receivedBytes'),
        receivedPackets: count('receivedPackets'),
        sentBytes: count('sentBytes'),
        sentPackets: count('sentPackets'),
      },
    ];
  });
  return found.length === 0 ? undefined : found.filter((one) => one.interface !== LOOPBACK);
}

const counter = z.union([z.number().nonnegative(), z.bigint().nonnegative()]).transform(Number);

/** The fields that are read of the answer of QEMU's guest agent to `guest-network-get-interfaces`. */
const answerSchema = z.array(
  z.object({
    name: z.string(),
    statistics: z
      .object({ 'rx-bytes': counter, 'rx-packets': counter, 'tx-bytes': counter, 'tx-packets': counter })
      .optional(),
  }),
);

/**
 * Converts the answer of QEMU's guest agent to `guest-network-get-interfaces`, without the guest's loopback.
 * @returns undefined for an invalid answer.
 */
export function networksOfQga(answer: unknown): NetworkStatistics[] | undefined {
  return answerSchema.safeParse(answer).data?.flatMap(({ name, statistics }): NetworkStatistics[] => {
    if (name === LOOPBACK || !statistics) return [];
    return [
      {
        source: 'guest',
        interface: name,
        receivedBytes: statistics['rx-bytes'],
        receivedPackets: statistics['rx-packets'],
        sentBytes: statistics['tx-bytes'],
        sentPackets: statistics['tx-packets'],
      },
    ];
  });
}
