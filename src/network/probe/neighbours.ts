import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { MissingProgramError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/**
 * Returns the IP addresses that the host has recently seen for a MAC address, as on a bridge; IPv4 first.
 * Empty until the guest has talked to the host.
 */
export async function neighbourAddresses(mac: string, signal?: AbortSignal): Promise<string[]> {
  try {
    const { stdout } = await run(['ip', 'neigh', 'show'], { signal });
    return parseNeighbours(stdout.toString(), mac);
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error;
    return parseArpTable(readArpTable(), mac);
  }
}

/** Parses lines such as `192.0.2.7 dev br0 lladdr 52:54:00:1:2:3 REACHABLE`. */
export function parseNeighbours(text: string, mac: string): string[] {
  const addresses = text.split('\n').flatMap((line) => {
    const [address = '', ...rest] = line.trim().split(/\s+/);
    const isUsable = !rest.includes('FAILED') && !rest.includes('INCOMPLETE');
    const isOurs = rest[rest.indexOf('lladdr') + 1]?.toLowerCase() === mac.toLowerCase();
    return isIP(address) !== 0 && isUsable && isOurs ? [address] : [];
  });
  return addresses.sort((one, other) => isIP(one) - isIP(other));
}

/** Parses /proc/net/arp: address, type, flags, hardware address, mask, device; proc_pid_net(5). */
export function parseArpTable(text: string, mac: string): string[] {
  const COMPLETE = 0x2;
  return text.split('\n').flatMap((line) => {
    const [address = '', , flags, hardware] = line.trim().split(/\s+/);
    const isOurs = hardware?.toLowerCase() === mac.toLowerCase() && (Number(flags) & COMPLETE) !== 0;
    return isIP(address) !== 0 && isOurs ? [address] : [];
  });
}

function readArpTable(): string {
  return unlessMissing(() => readFileSync('/proc/net/arp', 'utf8')) ?? '';
}
