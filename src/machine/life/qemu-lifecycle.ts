import { type ExitStatus, MachineEndedError } from '../../errors/index.ts';
import type { SupervisedProcess } from '../../process/supervise.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { RunningShare, ShareLoss } from '../share/running-share.ts';
import {
  type LifeEvents,
  type Outcome,
  decideOutcome,
  describeOutcome,
  foldLifeEvent,
  noLifeEvents,
} from './outcome.ts';

/** KVM prints 25 lines of registers after its error. */
const LAST_WORDS = 40;

/** Follows one QEMU process from its start to its outcome. */
export class QemuLifecycle {
  /** Resolves when QEMU has exited and its monitor is drained; never rejects. */
  readonly ended: Promise<Outcome>;
  /** Rejects with a MachineEndedError at the same moment; never resolves. */
  readonly failure: Promise<never>;
  readonly #process: SupervisedProcess;
  #events: LifeEvents = noLifeEvents;
  #negotiated = false;
  #monitorClosed: Promise<void> = Promise.resolve();
  #fatalRunState: 'internal-error' | undefined;
  #sentSignal: NodeJS.Signals | undefined;
  #qmp: QmpClient | undefined;
  #shareLoss: Promise<ShareLoss> | undefined;
  #exited = false;
  #outcome: Outcome | undefined;

  constructor(process: SupervisedProcess) {
    this.#process = process;
    this.ended = process.exited.then(async (status) => {
      this.#exited = true;
      return this.#conclude(status);
    });
    this.failure = this.ended.then((outcome) => {
      throw endError(outcome);
    });
    this.failure.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** The outcome; undefined while the machine is alive. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** The error for requests to a machine that has ended; undefined while it is alive. */
  get end(): MachineEndedError | undefined {
    return this.#outcome && endError(this.#outcome);
  }

  /** QEMU's last lines on stdout and stderr, oldest first. */
  get lastWords(): string[] {
    return this.#process.output.last(LAST_WORDS);
  }

  /** From now on, QEMU's own events determine the outcome. */
  follow(qmp: QmpClient): void {
    this.#negotiated = true;
    this.#qmp = qmp;
    this.#monitorClosed = qmp.closed;
    for (const name of ['SHUTDOWN', 'POWERDOWN', 'GUEST_PANICKED', 'WATCHDOG'] as const) {
      qmp.on(name, (event) => (this.#events = foldLifeEvent(this.#events, event)));
    }
    qmp.on('STOP', () => void this.#askWhyItStopped(qmp));
  }

  /**
   * From now on, the end of the share's virtiofsd ends the machine: the guest's processes would hang in that
   * directory, and cannot be killed.
   */
  dependOn({ exited, loss }: Pick<RunningShare, 'exited' | 'loss'>): void {
    void exited.then(async ({ exitCode }) => {
      // It also exits with QEMU, which may be noticed first.
      if (this.#exited || (exitCode === 0 && !(await this.#answers()))) return;
      this.#shareLoss ??= loss;
      this.send('SIGKILL');
    });
  }

  async #answers(): Promise<boolean> {
    if (!this.#qmp) return false;
    return this.#qmp.execute('query-status').then(
      () => true,
      () => false,
    );
  }

  /** The guest has accepted a request to power off. */
  expectPowerOff(): void {
    this.#events = { ...this.#events, askedToPowerOff: true };
  }

  /** A failing accelerator stops the machine: QEMU stays alive, but the guest never runs again. */
  async #askWhyItStopped(qmp: QmpClient): Promise<void> {
    const status = await qmp.execute('query-status').catch(() => undefined);
    if (status?.status !== 'internal-error') return;
    this.#fatalRunState = 'internal-error';
    this.send('SIGKILL');
  }

  send(signal: NodeJS.Signals): void {
    if (this.#outcome !== undefined) return;
    this.#sentSignal = signal;
    this.#process.kill(signal);
  }

  async #conclude(status: ExitStatus): Promise<Outcome> {
    await Promise.all([this.#monitorClosed, this.#process.outputEnded]);
    const shareLoss = await this.#shareLoss;
    this.#outcome = decideOutcome({
      status,
      negotiated: this.#negotiated,
      lastWords: this.lastWords,
      fatalRunState: this.#fatalRunState,
      shareLoss,
      events: this.#events,
      sentSignal: this.#sentSignal,
    });
    return this.#outcome;
  }
}

function endError(outcome: Outcome): MachineEndedError {
  return new MachineEndedError(describeOutcome(outcome), outcome);
}
