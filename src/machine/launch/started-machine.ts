import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import type { Host } from '../../host/survey/host.ts';
import { GuestAgent } from '../../guest/agent/agent.ts';
import { QmpClient } from '../../qmp/index.ts';
import { GuestConsole } from '../life/guest-console.ts';
import { AGENT_DESCRIPTOR, CONSOLE_DESCRIPTOR, MONITOR_DESCRIPTOR } from '../plan/descriptors.ts';
import { type StartedParts, endOfMachine } from '../life/launch-failure.ts';
import { QemuLifecycle } from '../life/qemu-lifecycle.ts';
import type { Plan } from '../plan/plan.ts';
import type { RunningShare } from '../share/running-share.ts';
import type { MachineParts } from '../running/running-machine.ts';
import { SpaceWatch } from '../life/space-watch.ts';
import { startProcesses } from '../running/start-processes.ts';

/**
 * Generous, because a hundred machines started at once on two processors are all slow to greet. The end of
 * QEMU is noticed at once, and a launch has its own limit.
 */
const GREETING_MS = 120_000;

export interface StartOptions {
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
  /** Receives a copy of the guest's output on its serial console. */
  readonly console?: Writable | undefined;
}

/** A machine whose QEMU has negotiated QMP and whose processors are paused. */
export interface StartedMachine extends MachineParts {
  /** Connection to the agent's port in QEMU. */
  readonly agentConnection: Socket;
  /** Those that did not have to wait for an answer of the guest. */
  readonly shares: readonly RunningShare[];
  /** Resolves when every forward is listening; rejects when one cannot be set up. */
  readonly networkReady: Promise<void>;
}

/**
 * Starts the processes of a plan whose files exist, and negotiates with QEMU.
 * @param started owns the processes and records which of them are up, to explain a failure.
 */
export async function startMachine(
  plan: Plan,
  host: Host,
  { signal, log, console: copy }: StartOptions,
  started: StartedParts,
): Promise<StartedMachine> {
  const { scope } = started;
  const { qemu, network, shares } = await startProcesses(plan, host, scope, log);
  const networkReady = network?.ready ?? Promise.resolve();
  const connection = (descriptor: number): Socket => {
    const socket = qemu.connections.get(descriptor);
    if (!socket) throw new TypeError(`QEMU was started without descriptor ${descriptor}`);
    return socket;
  };
  const life = new QemuLifecycle(qemu);
  for (const share of shares) life.dependOn(share);
  const console = new GuestConsole(connection(CONSOLE_DESCRIPTOR), life.failure, copy);
  Object.assign(started, { life, console, network, plan });
  const negotiation = QmpClient.negotiate(connection(MONITOR_DESCRIPTOR), {
    greetingTimeoutMs: GREETING_MS,
    processExit: qemu.exited.then((status) => ({ status, stderr: life.lastWords })),
    signal,
  });
  // A network that fails to start keeps QEMU waiting; its error explains more than a timeout.
  const qmp = await Promise.race([negotiation, networkReady.then(async () => negotiation), life.failure]);
  scope.defer(async () => qmp.close());
  log?.debug('QEMU speaks QMP');
  life.follow(qmp);
  // QEMU has connected to all that are there from the start.
  for (const share of shares) if (share.plan.port === undefined) share.close();
  const space = new SpaceWatch(qmp);
  const agentConnection = connection(AGENT_DESCRIPTOR);
  const parts = { plan, life, qmp, console, space, network, attachments: [], scope };
  return { ...parts, agentConnection, networkReady, shares };
}

/** Starts the guest's processors. */
export async function runProcessors({ qmp, life, networkReady }: StartedMachine): Promise<void> {
  await Promise.race([qmp.execute('cont'), life.failure]);
  await Promise.race([networkReady, life.failure]);
}

/** Waits until the guest's agent answers. */
export async function reachAgent(
  { agentConnection, life, scope }: StartedMachine,
  { signal, log }: StartOptions,
): Promise<GuestAgent> {
  const agent = await Promise.race([
    GuestAgent.attach(agentConnection, {
      signal,
      explainLoss: async (loss) => (await endOfMachine(life)) ?? loss,
    }),
    life.failure,
  ]);
  scope.defer(async () => agent.close(life.end));
  log?.debug({ guestMs: agent.hello.uptimeMs }, 'the agent answers');
  return agent;
}
