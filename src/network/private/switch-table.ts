import { type NetworkMember, serverAddress } from './addresses.ts';
import type { NetworkRecord } from './network-record.ts';

/** Returns the table that the switch reads, as native/switch/PROTOCOL.md describes it. */
export function formatSwitchTable(record: NetworkRecord, members: readonly NetworkMember[]): string {
  const lines = [
    `subnet ${record.subnet} ${serverAddress(record)}`,
    `mtu ${record.mtu}`,
    ...members.map((member) => memberLine(record, member)),
    ...record.partitions.map((groups) => `partition ${groups.map((group) => group.join(',')).join(' ')}`),
  ];
  return `${lines.join('\n')}\n`;
}

function memberLine(record: NetworkRecord, member: NetworkMember): string {
  const { name, mac, address, latencyMs, lossPpm, bandwidth } = member;
  // A switch of an earlier release, which may still be running, rejects the word.
  const mtu = member.mtu === record.mtu ? undefined : member.mtu;
  const words = { latency: latencyMs, loss: lossPpm, bandwidth, mtu };
  const given = Object.entries(words).filter(([, value]) => value !== undefined);
  return ['member', name, mac, address, ...given.map(([key, value]) => `${key}=${value}`)].join(' ');
}
