import { GuestClosedError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';
import type { Definition } from '../record/definition.ts';
import { endedMeanwhile, hasEnded } from './ended.ts';

/** The keeper closes the connection first, and exits after its helpers. */
const END_MS = 5000;

/**
 * Runs `work`, which may wait long without a request to the agent. Aborts it as soon as the connection is lost.
 * @param again what the user can do once the agent is back, as in `run vmlet sync again`.
 * @throws MachineEndedError or MachineStateError when the machine has ended, GuestClosedError when only the connection was
 *   lost, what `work` throws, or the signal's reason.
 */
export async function whileConnected<T>(
  definition: Definition,
  agent: Pick<GuestAgent, 'closed' | 'failure'>,
  again: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { name } = definition.spec;
  const running = readStatus(definition.files);
  if (running.kind !== 'running') throw notRunning(name, running.kind);
  const lost = new AbortController();
  void agent.closed.then(() => lost.abort(agent.failure));
  try {
    return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } catch (error) {
    if (!(error instanceof GuestClosedError)) throw error;
    if (await hasEnded(running, END_MS, signal)) throw endedMeanwhile(definition, error);
    throw new GuestClosedError(error.message, {
      hint: `wait for the agent (vmlet wait ${name} --for agent), then ${again}`,
      cause: error,
    });
  }
}
