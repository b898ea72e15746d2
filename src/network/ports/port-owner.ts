import { readdirSync, readlinkSync } from 'node:fs';
import { type PortOwner } from '../../errors/index.ts';
import { addressesOverlap, isIpv6 } from './ip-address.ts';
import type { Protocol } from './port.ts';
import { waitingSockets } from './socket-table.ts';
import { readProcess, readProcessStat, unlessGone } from '../../process/procfs/stat.ts';

/**
 * Returns the process that waits on an address and port, or undefined if /proc does not show it: other users'
 * descriptors are hidden from an ordinary user, and other namespaces' from all users.
 */
export function findPortOwner(address: string, port: number, protocol: Protocol): PortOwner | undefined {
  const families: (4 | 6)[] = isIpv6(address) ? [6] : [4, 6];
  const links = new Set<string>();
  for (const socket of families.flatMap((family) => waitingSockets(protocol, family))) {
    // A socket on [::] that is not IPv6-only holds the port for IPv4 too.
    const holds = addressesOverlap(socket.address, address) || (socket.address === '::' && !isIpv6(address));
    if (socket.port === port && holds) links.add(`socket:[${socket.inode}]`);
  }
  if (links.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holdsDescriptor(pid, links)) {
      return {
        pid: Number(pid),
        command: commandName(pid),
        machine: machineOfKeeper(pid) ?? machineOfKeeper(readProcessStat(pid)?.parentPid),
      };
    }
  }
  return undefined;
}

function holdsDescriptor(pid: string, links: ReadonlySet<string>): boolean {
  // Descriptors may close during the search.
  return (
    unlessGone(() =>
      readdirSync(`/proc/${pid}/fd`).some((fd) => links.has(readlinkSync(`/proc/${pid}/fd/${fd}`))),
    ) ?? false
  );
}

function commandName(pid: string): string {
  return readProcess(`/proc/${pid}/comm`)?.trimEnd() ?? 'unknown';
}

/** Returns the name of the machine whose keeper this process is: its lock is in the machine's directory. */
function machineOfKeeper(pid: string | number | undefined): string | undefined {
  const [, verb, ...options] = (readProcess(`/proc/${pid}/cmdline`) ?? '').split('\0');
  if (verb !== 'keep') return undefined;
  return /\/([^/]+)\/keeper\.lock$/.exec(options[options.indexOf('--lock') + 1] ?? '')?.[1];
}
