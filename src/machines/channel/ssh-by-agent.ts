import { GuestRequestError, MachineStateError, TimedOutError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { findGuestChannel } from './guest-channel.ts';

const SSH_PORT = 22;
const BANNER_MS = 6000;

/**
 * Returns the ssh server's banner, read through vmlet's agent; undefined when no server answers there, or the guest has
 * no agent that can connect.
 * @throws the signal's reason.
 */
export async function sshBannerByAgent(
  definition: Definition,
  { timeoutMs = BANNER_MS, signal }: Limits,
): Promise<string | undefined> {
  try {
    await using channel = await findGuestChannel(definition, { timeoutMs, signal });
    if (channel?.kind !== 'vmlet') return undefined;
    const { output, close } = await channel.agent.connect(SSH_PORT, { timeoutMs, signal });
    const limit = setTimeout(close, timeoutMs);
    try {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        const banner = chunk.toString('latin1').split(/\r?\n/, 1)[0] ?? '';
        return banner.startsWith('SSH-') ? banner : undefined;
      }
    } finally {
      clearTimeout(limit);
      close();
    }
  } catch (error) {
    // An older agent cannot connect; a guest that boots answers later.
    const passes =
      error instanceof GuestRequestError ||
      error instanceof MachineStateError ||
      error instanceof TimedOutError;
    if (!passes) throw error;
  }
  return undefined;
}
