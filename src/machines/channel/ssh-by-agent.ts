import { GuestRequestError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { SSH_PORT } from '../spec/forwards.ts';
import { findVmletChannel } from './guest-channel.ts';
import { isPassingFailure } from './passing-failure.ts';

const BANNER_MS = 6000;

/** The server's first line, or why there is none. */
export type SshByAgent = { readonly banner: string } | { readonly seen: string };

const NO_AGENT = { seen: "vmlet's agent does not answer in the guest" };
const NO_SERVER = { seen: "vmlet's agent has found no ssh server in the guest" };

/**
 * Reads the ssh server's banner through vmlet's agent.
 * @throws the signal's reason.
 */
export async function probeSshByAgent(
  definition: Definition,
  { timeoutMs = BANNER_MS, signal }: Limits,
): Promise<SshByAgent> {
  let reason = NO_AGENT;
  try {
    await using channel = await findVmletChannel(definition, { timeoutMs, signal });
    if (!channel) return NO_AGENT;
    reason = NO_SERVER;
    const { output, close } = await channel.agent.connect(SSH_PORT, { timeoutMs, signal });
    const limit = setTimeout(close, timeoutMs);
    try {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        const banner = chunk.toString('latin1').split(/\r?\n/, 1)[0] ?? '';
        return banner.startsWith('SSH-') ? { banner } : NO_SERVER;
      }
    } finally {
      clearTimeout(limit);
      close();
    }
  } catch (error) {
    // An older agent cannot connect; a guest that boots answers later.
    if (!isPassingFailure(error) && !(error instanceof GuestRequestError)) throw error;
  }
  return reason;
}
