import type { Logger } from 'pino';
import type { BoundForward } from '../../network/ports/port.ts';
import type { RunningNetwork } from '../../passt/running-network.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Scope } from '../../util/scope.ts';
import type { GuestConsole } from '../life/guest-console.ts';
import type { QemuLifecycle } from '../life/qemu-lifecycle.ts';
import type { Attachment, NetworkPlace } from '../network/network-place.ts';

import type { OutOfSpace } from '../life/out-of-space.ts';
import type { Outcome } from '../life/outcome.ts';
import type { Plan } from '../plan/plan.ts';
import type { SpaceWatch } from '../life/space-watch.ts';
import type { NetworkLoss } from './start-processes.ts';
import { resumeProcessors } from './resume-processors.ts';
import { type StopRung, type StopStep, escalateStop } from './escalate-stop.ts';

/** Everything that a launch has started, passed to the machine that it returns. */
export interface MachineParts {
  readonly plan: Plan;
  readonly life: QemuLifecycle;
  readonly qmp: QmpClient;
  readonly console: GuestConsole;
  readonly space: SpaceWatch;
  readonly network: RunningNetwork | undefined;
  /** Its private networks, in the order of its cards for them. */
  readonly attachments: readonly Attachment[];
  readonly scope: Scope;
}

export interface MachineOptions {
  /** Aborting ends the machine. */
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
}

/** Options of `stop`. */
export interface StopOptions {
  /** Milliseconds for all steps together before QEMU is killed; 15 000 by default. */
  readonly timeoutMs?: number;
}

/** How a machine was stopped. */
export interface StopResult {
  /** The step that ended the machine; undefined when it had already ended. */
  readonly rung: StopRung | undefined;
  readonly outcome: Outcome;
}

const STOP_TIMEOUT_MS = 15_000;
const LAST_WORDS = 20;

/**
 * A machine whose processors run. It ends by itself or by one of the methods here. It also ends with the
 * process (more precisely, the thread) that launched it, even if that process is killed. Its files on the
 * host are then removed, at the latest by the next launch.
 */
export class RunningMachine implements AsyncDisposable {
  readonly plan: Plan;
  /** QEMU's monitor. */
  readonly qmp: QmpClient;
  /** The guest's first serial port. */
  readonly console: GuestConsole;
  /** Its private networks, with its name in each. */
  readonly networks: readonly NetworkPlace[];
  /** The signal of the launch: aborting it ends the machine. */
  readonly signal: AbortSignal | undefined;
  /** Resolves when the machine has ended and is cleaned up; rejects only when the clean-up failed. */
  readonly ended: Promise<Outcome>;
  /** Resolves when the guest has lost its network because a host program died; otherwise never. */
  readonly networkLost: Promise<NetworkLoss>;
  protected readonly life: QemuLifecycle;
  /** Everything that the machine owns; closed after its end. */
  protected readonly scope: Scope;
  readonly #space: SpaceWatch;

  constructor(
    { plan, life, qmp, console, space, network, attachments, scope }: MachineParts,
    { signal, log }: MachineOptions,
  ) {
    this.plan = plan;
    this.life = life;
    this.scope = scope;
    this.qmp = qmp;
    this.console = console;
    this.#space = space;
    this.networks = attachments;
    this.signal = signal;
    const onAbort = (): void => life.send('SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    scope.defer(() => signal?.removeEventListener('abort', onAbort));
    this.ended = life.ended.then(async (outcome) => {
      log?.debug({ outcome }, 'machine ended');
      await scope.close();
      log?.debug('machine cleaned up');
      return outcome;
    });
    this.ended.catch(() => undefined);
    this.networkLost = watchNetwork(network, qmp);
  }

  get name(): string {
    return this.plan.name;
  }

  /** The published ports, including host ports that were chosen automatically. */
  get ports(): readonly BoundForward[] {
    return this.plan.network?.forwards ?? [];
  }

  /** QEMU's process ID on the host. */
  get pid(): number {
    return this.life.pid;
  }

  /** QEMU's last lines on stdout and stderr, oldest first; also available after its end. */
  get qemuOutput(): string[] {
    return this.life.lastWords;
  }

  /** Set while the machine is paused because the host has no space left for the guest's writes. */
  get outOfSpace(): OutOfSpace | undefined {
    return this.#space.now;
  }

  /**
   * Calls `listener` whenever the machine is paused for lack of space. Nothing is lost: free some space and
   * call `resume`.
   * @returns a function that unsubscribes.
   */
  onOutOfSpace(listener: (what: OutOfSpace) => void): () => void {
    return this.#space.subscribe(listener);
  }

  /**
   * Resumes paused processors, and wakes up a guest that has suspended itself to RAM. If the host still has no space, the machine pauses again at once, and the
   * listeners of `onOutOfSpace` are called.
   */
  async resume(): Promise<void> {
    const { status } = await this.qmp.execute('query-status');
    await resumeProcessors(this.qmp, status);
  }

  /**
   * Stops the machine as gracefully as possible: the guest is asked to power off, then its power button is
   * pressed, then QEMU is told to quit, terminated and killed.
   */
  async stop(options: StopOptions = {}): Promise<StopResult> {
    const rung = await escalateStop(this.life, this.stopSteps(), options.timeoutMs ?? STOP_TIMEOUT_MS);
    return { rung, outcome: await this.ended };
  }

  /** Ends the machine immediately, like a power cut. */
  async kill(): Promise<Outcome> {
    this.life.send('SIGKILL');
    return this.ended;
  }

  /** Stops the machine and releases its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** The steps of `stop`, each with its share of the time limit. */
  protected stopSteps(): StopStep[] {
    return [
      {
        rung: 'power-button',
        share: 4,
        take: async () => this.qmp.execute('system_powerdown'),
      },
      { rung: 'quit', share: 2, take: async () => this.qmp.execute('quit') },
      { rung: 'SIGTERM', share: 1, take: () => this.life.send('SIGTERM') },
    ];
  }

  /** @throws MachineEndedError with the outcome, when the machine has ended. */
  requireAlive(): void {
    const { end } = this.life;
    if (end) throw end;
  }
}

async function watchNetwork(network: RunningNetwork | undefined, qmp: QmpClient): Promise<NetworkLoss> {
  const never = new Promise<never>(() => undefined);
  if (!network) return never;
  const status = await network.exited;
  // passt exits with QEMU, and its exit may be noticed first: the network is lost only if QEMU still answers.
  const answers = await qmp.execute('query-status').then(
    () => true,
    () => false,
  );
  return answers ? { program: 'passt', status, lastWords: network.lastLines(LAST_WORDS) } : never;
}
