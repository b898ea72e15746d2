import { VmletError, isSystemError } from '../../errors/index.ts';
import { readGuestText } from '../../guest/guest-text.ts';
import { networksOfQga, networksOfTable } from '../../machine/logs/network-tables.ts';
import type { NetworkStatistics } from '../../machine/logs/statistics.ts';
import type { GuestPorts } from '../../machine/qemu/guest-ports.ts';
import { GuestAgentClient } from '../../qmp/index.ts';
import { attachAgent } from '../channel/attach-agent.ts';
import type { Definition } from '../record/definition.ts';

const TABLE = '/proc/net/dev';
/** The guest may be hostile. This is enough for 2000 interfaces. */
const MOST_BYTES = 256 * 1024;
/** A guest that works answers in milliseconds. */
const ANSWER_MS = 1000;

/**
 * Asks an agent in the guest what its network interfaces have received and sent, preferring vmlet's. Unlike other uses of
 * the agents it neither waits for one nor tells the guest its networks' names.
 * @returns null when no agent is free, or it does not answer within a second.
 * @throws the signal's reason.
 */
export async function readGuestNetworks(
  definition: Definition,
  ports: GuestPorts,
  signal: AbortSignal | undefined,
): Promise<readonly NetworkStatistics[] | null> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    if (ports.vmlet.open) return await askVmlet(definition, either);
    // It serves one client: a command that uses it may take long.
    if (ports.qga.open && !ports.qga.taken) return await askQga(definition, either);
    return null;
  } catch (error) {
    signal?.throwIfAborted();
    // The machine may have ended, and its guest may reboot or hang: its other statistics are still useful.
    if (limit.aborted || error instanceof VmletError || isSystemError(error)) return null;
    throw error;
  }
}

async function askVmlet(definition: Definition, signal: AbortSignal): Promise<NetworkStatistics[] | null> {
  await using agent = await attachAgent(definition, { signal });
  return networksOfTable(await readGuestText(agent, TABLE, { mostBytes: MOST_BYTES, signal })) ?? null;
}

async function askQga({ files }: Definition, signal: AbortSignal): Promise<NetworkStatistics[] | null> {
  await using client = await GuestAgentClient.connect(files.guestAgentSocket, { signal });
  return networksOfQga(await client.execute('guest-network-get-interfaces', {}, { signal })) ?? null;
}
