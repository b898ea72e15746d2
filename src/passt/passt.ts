import type { Socket } from 'node:net';
import { NetworkStartError, TimedOutError } from '../errors/index.ts';
import { NO_CORE } from '../process/confine/confine.ts';
import { withoutSyslogComplaints } from '../process/output/passt-output.ts';
import { type SupervisedProcess, supervise } from '../process/supervise.ts';
import { withinLimits } from '../util/time/deadline.ts';
import { pause } from '../util/time/pause.ts';
import type { Scope } from '../util/scope.ts';
import type { BoundNetworkPlan } from '../network/plan/network.ts';
import { passtArguments } from './passt-argv.ts';
import { allListen, refuseSharedUdp } from './listening.ts';
import { filterWatch } from './system-call-filters.ts';
import { explainPasstFailure } from './start-failure.ts';
import type { BoundForward } from '../network/ports/port.ts';

export interface PasstOptions {
  /** passt's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Passt {
  readonly process: SupervisedProcess;
  /**
   * Resolves when every forward is listening; rejects with PortTakenError, PermissionError or
   * NetworkStartError if passt exits before that.
   */
  readonly ready: Promise<void>;
}

/** Time limit for passt to bind its forwards. It normally takes milliseconds. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 1;

/**
 * Starts passt on a connection to QEMU. passt exits when the connection closes. If the launcher is killed,
 * nothing else ends passt, because it changes its credentials and so loses the parent-death signal. Therefore
 * it always inherits its connection: a passt that waits for a connection could wait forever.
 *
 * @param connection ownership is passed on: this closes the launcher's copy.
 */
export function startPasst(
  plan: BoundNetworkPlan,
  connection: Socket,
  options: PasstOptions,
  scope: Scope,
): Passt {
  const { passtPath, forwards } = plan;
  if (passtPath === undefined) throw new TypeError(`a ${plan.backend} network does not use passt`);
  let noteOutput = (): void => undefined;
  const process = supervise(
    [passtPath, ...passtArguments(plan)],
    {
      environment: options.environment,
      descriptors: [connection],
      onOutput: () => noteOutput(),
      // passt confines itself, with mounts and namespaces that our layers would deny. Node's sockets do not block: passt
      // would drop the rest of a frame that it can write only in part, and QEMU would lose where the next one begins.
      confinement: [...NO_CORE, '--blocking-descriptors'],
    },
    scope,
  );
  connection.destroy();

  const printed = new Promise<void>((resolve) => {
    noteOutput = () => {
      if (hasPrintedSettings(process)) resolve();
    };
  });
  const up = printed.then(async () => awaitSockets(forwards, process));
  const failed = process.exited.then(async (status): Promise<never> => {
    await process.outputEnded;
    return explainPasstFailure(lastWords(process), status, forwards);
  });
  const ready = awaitReady(Promise.race([up, failed]), forwards, process);
  // The launch awaits it, but perhaps only after QEMU is up; a rejection until then must not count as
  // unhandled.
  ready.catch(() => undefined);
  return { process, ready };
}

async function awaitReady(
  settled: Promise<void>,
  forwards: readonly BoundForward[],
  process: SupervisedProcess,
): Promise<void> {
  try {
    await withinLimits('waiting for passt to start', settled, { timeoutMs: PATIENCE_MS });
  } catch (error) {
    if (!(error instanceof TimedOutError)) throw error;
    // If passt's output has changed, it is enough that it listens.
    if (!allListen(forwards)) {
      throw new NetworkStartError(
        `passt still does not listen on all forwarded host ports after ${PATIENCE_MS / 1000} s`,
        lastWords(process),
        {
          hint: 'try again, or use --net slirp',
          cause: error,
        },
      );
    }
  }
  refuseSharedUdp(forwards);
}

/**
 * passt of 2026 binds its forwards after it has printed its settings, older ones before, and none prints
 * 'ready'. A listening socket is not enough: it may belong to another process that was faster. The last step
 * of every release before it serves is to filter its own system calls, which only the kernel reports.
 */
async function awaitSockets(forwards: readonly BoundForward[], process: SupervisedProcess): Promise<void> {
  const end = new AbortController();
  void process.exited.then(() => end.abort());
  const giveUp = performance.now() + PATIENCE_MS;
  const filtersItsCalls = filterWatch(process.pid);
  // If passt has ended, stop checking; other promises report why.
  while (!end.signal.aborted && performance.now() < giveUp) {
    if (filtersItsCalls() && allListen(forwards)) return;
    await pause(LOOK_EVERY_MS);
  }
  return new Promise(() => undefined);
}

function lastWords(process: SupervisedProcess): string[] {
  return withoutSyslogComplaints(process.output.last(100)).slice(-20);
}

/** The settings are a list: headings with indented lines. */
function hasPrintedSettings(process: SupervisedProcess): boolean {
  return process.output.last(100).some((line) => /^\s+\S/.test(line));
}
