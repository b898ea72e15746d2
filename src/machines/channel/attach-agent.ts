import { MachineStateError, isSystemError } from '../../errors/index.ts';
import type { AttachOptions, GuestAgent } from '../../guest/agent/agent.ts';
import { attachAgentAt } from '../../guest/agent-socket.ts';
import type { Definition } from '../record/definition.ts';
import { requireRunning } from '../record/machine-status.ts';

/**
 * Connects to vmlet's agent in the guest and waits until it answers. The keeper serves any number of clients.
 * @throws MachineStateError, TimedOutError, or the signal's reason.
 */
export async function attachAgent({ spec, files }: Definition, options: AttachOptions): Promise<GuestAgent> {
  requireRunning({ spec, files });
  try {
    return await attachAgentAt(files.agentSocket, options);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ECONNREFUSED')) throw error;
    throw new MachineStateError(
      spec.name,
      'running',
      `is running, but its agent socket is missing: ${files.agentSocket}`,
      { hint: `restart the machine: vmlet restart ${spec.name}`, cause: error },
    );
  }
}
