import { InvalidInputError } from '../../errors/index.ts';
import { type CrashedMachine, type StartAgainOptions, crash } from '../../machine/launch/crash.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { Outcome } from '../../machine/life/outcome.ts';
import type { ClockFaults } from '../faults/clock-faults.ts';
import type { DiskFaults } from '../faults/disk-faults.ts';
import type { Fault } from '../faults/fault.ts';
import type { MemoryFaults } from '../faults/memory-faults.ts';
import type { NetworkFaults } from '../faults/network-faults.ts';
import type { GuestAlarm } from './guest-alarm.ts';
import { MachineRun, type TestMachineOptions } from './machine-run.ts';
import { urlOf } from './published.ts';
import { type Shell, shellOf } from './shell.ts';
import { TestGuest } from './test-guest.ts';
import { WaitFor } from './wait-for.ts';

/** A machine under test. Disposing of it powers it off immediately, after the guest has written its volumes back. */
export class TestMachine extends TestGuest implements AsyncDisposable {
  readonly sh: Shell;
  readonly waitFor: WaitFor;
  readonly #options: TestMachineOptions;
  readonly #disposal = new AbortController();
  /** Settles when no crash or start is running. */
  #changes: Promise<unknown> = Promise.resolve();
  #run: MachineRun;
  #crashed: CrashedMachine | undefined;

  constructor(machine: Machine, options: TestMachineOptions = {}) {
    super();
    this.#options = options;
    this.#run = this.#runOf(machine);
    const current = (): MachineRun => this.#run;
    this.sh = shellOf(current);
    this.waitFor = new WaitFor(current, options.waitTimeoutMs);
  }

  /** The present run of the machine. */
  get machine(): Machine {
    return this.#run.machine;
  }

  get name(): string {
    return this.machine.name;
  }

  /** Settles with the outcome when the machine has ended. */
  get ended(): Promise<Outcome> {
    return this.machine.ended;
  }

  /** Alarm for events that fail any test: a panic, a process killed for lack of memory. */
  get alarm(): GuestAlarm {
    return this.#run.alarm;
  }

  get net(): NetworkFaults {
    return this.#run.faults.net;
  }

  get clock(): ClockFaults {
    return this.#run.faults.clock;
  }

  get disk(): DiskFaults {
    return this.#run.faults.disk;
  }

  get memory(): MemoryFaults {
    return this.#run.faults.memory;
  }

  /** Pauses the guest's processors until the fault is ended or `resume` is called. */
  async pause(): Promise<Fault> {
    return this.#run.faults.pause();
  }

  /** Resumes the guest's processors. */
  async resume(): Promise<void> {
    await this.#run.faults.resume();
  }

  /**
   * Cuts the machine's power: it ends at once, and its disks are kept for `start`. Data that the guest has not flushed may
   * be lost; see `crash` of `vmlet`.
   * @throws MachineEndedError
   */
  async crash(): Promise<Outcome> {
    return this.#change(async () => {
      this.#crashed = await crash(this.machine);
      return this.#crashed.outcome;
    });
  }

  /**
   * Boots the machine again after `crash`, with its disks, host ports, unix sockets, networks and name. Directories with
   * `copy` are copied from the host again. Earlier faults are gone.
   * @param options `timeoutMs` is as for a launch; `signal`, the test's own by default, aborts the start.
   * @throws InvalidInputError when it has not crashed, PortTakenError, LaunchError, or the signal's reason.
   */
  async start(options: StartAgainOptions = {}): Promise<void> {
    await this.#change(async () => this.#startAgain(options));
  }

  async #startAgain(options: StartAgainOptions): Promise<void> {
    if (!this.#crashed) {
      throw new InvalidInputError('start', `${this.name} has not crashed`, {
        hint: 'call start() only after crash(): a TestMachine is already running when it is created',
      });
    }
    const { signal = this.#options.signal } = options;
    const disposal = this.#disposal.signal;
    const living = signal ? AbortSignal.any([signal, disposal]) : disposal;
    const machine = await this.#crashed.start({ ...options, signal: living });
    this.#crashed = undefined;
    await this.#run[Symbol.asyncDispose]();
    this.#run = this.#runOf(machine, this.alarm.expected);
  }

  /**
   * Returns the URL of a web server on a published port of the guest, from this host: `https` for 443 and 8443.
   * @throws InvalidInputError that names the published ports.
   */
  url(guestPort: number, path?: string): string {
    return urlOf(this.machine.ports, guestPort, path);
  }

  /**
   * Powers the machine off immediately, after the guest has written its volumes back. Ends a start that is running.
   * @throws TimedOutError when the guest does not write its volumes back within 20 s.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort(new Error(`the test machine ${this.name} was disposed of`));
    await this.#changes;
    await this.#run[Symbol.asyncDispose]();
    await this.#crashed?.[Symbol.asyncDispose]();
  }

  protected get reached(): Machine {
    return this.machine;
  }

  /** Changes the machine; its disposal awaits the change, which would otherwise leave a machine or disks behind. */
  async #change<T>(change: () => Promise<T>): Promise<T> {
    const changed = change();
    this.#changes = Promise.allSettled([this.#changes, changed]);
    return changed;
  }

  #runOf(machine: Machine, expectedAlarms = this.#options.expectedAlarms): MachineRun {
    return new MachineRun(machine, { ...this.#options, expectedAlarms });
  }
}
