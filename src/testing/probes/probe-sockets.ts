import { GuestFileError } from '../../errors/index.ts';
import { canonicalIpv6 } from '../../network/ports/ip-address.ts';
import type { Protocol } from '../../network/ports/port.ts';
import type { ProbedGuest } from './guest-run.ts';

/** A socket of the guest, as listed in /proc/net/tcp and similar files. */
export interface Socket {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  /** State number from include/net/tcp_states.h. */
  readonly state: number;
}

/** Reads the tables of IPv4 and IPv6, without a process or tool in the guest. */
export async function readSockets(
  guest: ProbedGuest,
  protocol: Protocol,
  signal: AbortSignal,
): Promise<Socket[]> {
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map(async (name) => readTable(guest, `/proc/net/${name}`, signal)),
  );
  return tables.flatMap(parseSockets);
}

async function readTable(guest: ProbedGuest, path: string, signal: AbortSignal): Promise<string> {
  try {
    return (await guest.readFile(path, { signal })).toString('latin1');
  } catch (error) {
    // A kernel without IPv6 has no such table.
    if (error instanceof GuestFileError && error.errno === 'ENOENT' && path.endsWith('6')) return '';
    throw error;
  }
}

const ROW = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) /;

export function parseSockets(table: string): Socket[] {
  return table.split('\n').flatMap((line) => {
    const [, address, localPort, remotePort, state] = ROW.exec(line) ?? [];
    if (address === undefined) return [];
    return [
      {
        localAddress: parseAddress(address),
        localPort: parseInt(localPort ?? '', 16),
        remotePort: parseInt(remotePort ?? '', 16),
        state: parseInt(state ?? '', 16),
      },
    ];
  });
}

/** Parses an address: each 32-bit word is in the byte order of the guest's processor, an x86. */
function parseAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  const groups = bytes.flatMap((byte, index) =>
    index % 2 === 0 ? [((byte << 8) | (bytes[index + 1] ?? 0)).toString(16)] : [],
  );
  return canonicalIpv6(groups.join(':')) ?? hex;
}
