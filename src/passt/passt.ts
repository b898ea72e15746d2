import type { Socket } from 'node:net';
import { NetworkStartError, TimedOutError } from '../errors/index.ts';
import { NO_CORE } from '../process/confine/confine.ts';
import { withoutSyslogComplaints } from '../process/passt-words.ts';
import { type SupervisedProcess, supervise } from '../process/supervise.ts';
import { withinLimits } from '../util/time/deadline.ts';
import { pause } from '../util/time/pause.ts';
import type { Scope } from '../util/scope.ts';
import type { BoundNetworkPlan } from '../network/plan/network.ts';
import { passtArguments } from './passt-argv.ts';
import { filterWatch } from './system-call-filters.ts';
import { explainPasstFailure } from './start-failure.ts';
import { takenPort } from '../network/ports/host-port.ts';
import type { BoundForward } from '../network/ports/port.ts';
import { waitingOn } from '../network/ports/socket-table.ts';

export interface PasstOptions {
  /** passt's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Passt {
  readonly process: SupervisedProcess;
  /**
   * Settles when every forward listens; rejects with PortTakenError, PermissionError or NetworkStartError when
   * passt ended before that.
   */
  readonly ready: Promise<void>;
}

/** How long passt may take to bind its forwards. It needs milliseconds. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 1;

/**
 * Starts passt on a connection whose other end is QEMU's. passt ends when that is closed; nothing else ends it when
 * the launcher is killed, since passt changes its credentials and so loses the parent-death signal. That is why
 * it always inherits its connection: a passt that waits for somebody to connect could wait for ever.
 *
 * @param connection given away: this closes the launcher's copy.
 */
export function startPasst(
  plan: BoundNetworkPlan,
  connection: Socket,
  options: PasstOptions,
  scope: Scope,
): Passt {
  const { passtPath, forwards } = plan;
  if (passtPath === undefined) throw new TypeError(`a network over ${plan.backend} has no passt`);
  let noteOutput = (): void => undefined;
  const process = supervise(
    [passtPath, ...passtArguments(plan)],
    {
      environment: options.environment,
      descriptors: [connection],
      onOutput: () => noteOutput(),
      // It locks itself up, by mounts and namespaces that our layers would refuse.
      confinement: NO_CORE,
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
  // Whoever launches awaits it, but perhaps not before QEMU is up; a rejection until then is not unhandled.
  ready.catch(() => undefined);
  return { process, ready };
}

async function awaitReady(
  settled: Promise<void>,
  forwards: readonly BoundForward[],
  process: SupervisedProcess,
): Promise<void> {
  try {
    await withinLimits('the start of passt', settled, { timeoutMs: PATIENCE_MS });
  } catch (error) {
    if (!(error instanceof TimedOutError)) throw error;
    // A passt whose words have changed is as good, as long as it listens.
    if (!forwards.every(isListening)) {
      throw new NetworkStartError('passt does not listen', lastWords(process), { cause: error });
    }
  }
  refuseSharedUdp(forwards);
}

/**
 * passt of 2026 binds its forwards after it has printed its settings, older ones before, and none says 'ready'. That
 * something listens is not enough: it may be somebody else, who was faster. The last thing that all do before they
 * serve is to filter their own system calls, which nothing tells but the kernel.
 */
async function awaitSockets(forwards: readonly BoundForward[], process: SupervisedProcess): Promise<void> {
  const end = new AbortController();
  void process.exited.then(() => end.abort());
  const giveUp = performance.now() + PATIENCE_MS;
  const filtersItsCalls = filterWatch(process.pid);
  // One that has ended is not looked for any more; others tell why.
  while (!end.signal.aborted && performance.now() < giveUp) {
    if (filtersItsCalls() && forwards.every(isListening)) return;
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

function isListening(forward: BoundForward): boolean {
  return waitingOn(forward.hostAddress, forward.hostPort, forward.protocol).length > 0;
}

/** passt's UDP sockets let others share their port, so two machines that start at once would both succeed. */
function refuseSharedUdp(forwards: readonly BoundForward[]): void {
  for (const { protocol, hostAddress, hostPort, ephemeral } of forwards) {
    if (protocol === 'udp' && waitingOn(hostAddress, hostPort, protocol).length > 1) {
      throw takenPort(hostAddress, hostPort, protocol, ephemeral);
    }
  }
}
