import { type NetworkMember, serverAddress } from './addresses.ts';
import type { NetworkRecord } from './network-record.ts';

/** Returns the table that the switch reads, as native/switch/PROTOCOL.md describes it. */
export function formatSwitchTable(record: NetworkRecord, members: readonly NetworkMember[]): string {
  const lines = [
    `subnet ${record.subnet} ${serverAddress(record)}`,
    `mtu ${record.mtu}`,
    ...members.map(memberLine),
    ...record.partitions.map((groups) => `partition ${groups.map((group) => group.join(',')).join(' ')}`),
  ];
  return `${lines.join('\n')}\n`;
}

function memberLine({ name, mac, address, latencyMs, lossPpm, bandwidth }: NetworkMember): string {
  const link = { latency: latencyMs, loss: lossPpm, bandwidth };
  const given = Object.entries(link).filter(([, value]) => value !== undefined);
  return ['member', name, mac, address, ...given.map(([key, value]) => `${key}=${value}`)].join(' ');
}
