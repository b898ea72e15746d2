import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { canonicalIpv6, isIpv6 } from './ip-address.ts';
import type { Protocol } from './port.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** A socket that waits for peers: listening TCP, or unconnected UDP. */
export interface WaitingSocket {
  readonly address: string;
  readonly port: number;
  readonly inode: number;
}

const TCP_LISTEN = '0A';
const UDP_UNCONNECTED = '07';

/**
 * Reads the kernel's socket table of this network namespace: /proc/net/{tcp,tcp6,udp,udp6}, see
 * proc_pid_net(5).
 */
export function waitingSockets(protocol: Protocol, family: 4 | 6): WaitingSocket[] {
  const path = `/proc/net/${protocol}${family === 6 ? '6' : ''}`;
  // A kernel without IPv6 has no such table.
  const table = unlessMissing(() => readFileSync(path, 'latin1')) ?? '';
  const wanted = protocol === 'tcp' ? TCP_LISTEN : UDP_UNCONNECTED;
  const sockets: WaitingSocket[] = [];
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address, port] = (fields[1] ?? '').split(':');
    if (fields[3] !== wanted || !address || !port) continue;
    sockets.push({
      address: decodeAddress(address),
      port: Number.parseInt(port, 16),
      inode: Number(fields[9]),
    });
  }
  return sockets;
}

/**
 * Returns a function that counts the sockets that wait on exactly an address and port. It reads each table once: a range of
 * thousands of ports is looked up in tables as long.
 */
export function countWaiting(): (address: string, port: number, protocol: Protocol) => number {
  const tables = new Map<string, Map<string, number>>();
  return (address, port, protocol) => {
    const family = isIpv6(address) ? 6 : 4;
    const table = tables.get(`${protocol}${family}`) ?? countSockets(waitingSockets(protocol, family));
    tables.set(`${protocol}${family}`, table);
    return table.get(`${address} ${port}`) ?? 0;
  };
}

function countSockets(sockets: readonly WaitingSocket[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { address, port } of sockets) {
    const key = `${address} ${port}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The kernel prints each 32-bit word of an address in the machine's own byte order. */
function decodeAddress(hex: string): string {
  const words = (hex.match(/.{8}/g) ?? []).map((word) => Buffer.from(word, 'hex'));
  const bytes = Buffer.concat(endianness() === 'LE' ? words.map((word) => word.reverse()) : words);
  if (bytes.length === 4) return bytes.join('.');
  const groups = (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
  return canonicalIpv6(groups) ?? groups;
}
