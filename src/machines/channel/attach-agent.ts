import { MachineStateError, TimedOutError, isSystemError } from '../../errors/index.ts';
import type { AttachOptions, GuestAgent } from '../../guest/agent/agent.ts';
import { attachAgentAt } from '../../guest/agent-socket.ts';
import { readLog } from '../../machine/logs/log-file.ts';
import { Tail } from '../../process/output/tail.ts';
import type { Definition } from '../record/definition.ts';
import { requireRunning } from '../record/machine-status.ts';
import { readSerialStart } from './serial-start.ts';

const CONSOLE_LINES = 20;

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

/**
 * The same for a guest that boots; a time-out ends with the last lines of its console.
 * @throws as `attachAgent` does.
 */
export async function attachBootingAgent(
  definition: Definition,
  options: AttachOptions,
): Promise<GuestAgent> {
  try {
    return await attachAgent(definition, options);
  } catch (error) {
    throw quotingConsole(error, 'waiting for the guest agent', definition);
  }
}

/**
 * Returns the error for a guest that does not boot in time, with the last lines of its console: the log is removed with
 * the machine of `run --detach`. The cause has no advice on the machine. Other errors are returned as they are.
 */
export function quotingConsole(error: unknown, what: string, definition: Definition): unknown {
  if (!(error instanceof TimedOutError)) return error;
  const lines = consoleOf(definition);
  const hint =
    lines.length > 0
      ? 'check the last lines of the console: the guest may not have booted, or may have no agent'
      : 'the guest may not have booted, or may have no agent; it printed nothing on its serial console';
  const advice = lines.length > 0 ? '' : `; look at its screen: vmlet screenshot ${definition.spec.name}`;
  const told = (words: string, cause: unknown): TimedOutError =>
    new TimedOutError(what, error.timeoutMs, { hint: words, lines, cause });
  return told(hint + advice, told(hint, error));
}

/** Returns the last lines of this run. */
function consoleOf({ files }: Definition): readonly string[] {
  const tail = new Tail({ lines: CONSOLE_LINES, lineLength: 4096 });
  for (const bytes of readLog(files.serialLog, { from: readSerialStart(files) })) tail.push(bytes);
  return tail.last(CONSOLE_LINES).filter((line) => line !== '');
}
