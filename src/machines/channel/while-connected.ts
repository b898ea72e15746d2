import { GuestClosedError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';

/**
 * Runs `work`, which may wait long without a request to the agent. Aborts it as soon as the connection is lost.
 * @param machine its name.
 * @param again what the user can do once the agent is back, as in `run vmlet sync again`.
 * @throws MachineEndedError or MachineStateError when the machine has ended, GuestClosedError when only the connection was
 *   lost, what `work` throws, or the signal's reason.
 */
export async function whileConnected<T>(
  machine: string,
  agent: Pick<GuestAgent, 'closed' | 'failure'>,
  again: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const lost = new AbortController();
  void agent.closed.then(() => lost.abort(agent.failure));
  try {
    return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } catch (error) {
    if (!(error instanceof GuestClosedError)) throw error;
    throw new GuestClosedError(error.message, {
      hint: `wait for the agent (vmlet wait ${machine} --for agent), then ${again}`,
      cause: error,
    });
  }
}
