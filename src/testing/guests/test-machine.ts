import { InvalidInputError } from '../../errors/index.ts';
import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestFile, PullOptions, PushOptions } from '../../guest/agent/files.ts';
import type { GuestProcess } from '../../guest/agent/process.ts';
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
import { WaitFor } from './wait-for.ts';

/** A machine under test. Disposing of it powers it off immediately. */
export class TestMachine implements AsyncDisposable {
  /** Runs a script with the guest's shell. */
  readonly sh: Shell;
  readonly waitFor: WaitFor;
  readonly #options: TestMachineOptions;
  #run: MachineRun;
  #crashed: CrashedMachine | undefined;

  constructor(machine: Machine, options: TestMachineOptions = {}) {
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
    this.#crashed = await crash(this.machine);
    return this.#crashed.outcome;
  }

  /**
   * Boots the machine again after `crash`, with its disks, host ports, networks and name. Earlier faults are gone.
   * @param options `timeoutMs` is as for a launch; `signal`, the test's own by default, aborts the start.
   * @throws InvalidInputError when it has not crashed, PortTakenError, LaunchError, or the signal's reason.
   */
  async start(options: StartAgainOptions = {}): Promise<void> {
    if (!this.#crashed) {
      throw new InvalidInputError('start', `${this.name} has not crashed`, {
        hint: 'call crash() first: a machine under test is already running',
      });
    }
    const machine = await this.#crashed.start({ signal: this.#options.signal, ...options });
    this.#crashed = undefined;
    await this.#run[Symbol.asyncDispose]();
    this.#run = this.#runOf(machine);
  }

  /** Like `Machine.exec`: a non-zero exit status does not reject. */
  exec(argv: readonly string[], options?: ExecOptions): GuestProcess {
    return this.machine.exec(argv, options);
  }

  /** Like `Machine.push`, for content of any size. */
  async push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options?: PushOptions,
  ): Promise<void> {
    await this.machine.push(source, path, options);
  }

  /** Like `Machine.pull`: returns a stream. */
  pull(path: string, options?: PullOptions): GuestFile {
    return this.machine.pull(path, options);
  }

  /**
   * Reads a file of the guest: as text with an encoding, otherwise as bytes.
   * @throws GuestFileError, MachineEndedError
   */
  async readFile(path: string): Promise<Buffer>;
  async readFile(path: string, encoding: BufferEncoding): Promise<string>;
  async readFile(path: string, encoding?: BufferEncoding): Promise<Buffer | string> {
    const content = await this.machine.readFile(path);
    return encoding === undefined ? content : content.toString(encoding);
  }

  /**
   * Writes a file in the guest, and creates missing parent directories.
   * @throws GuestFileError, MachineEndedError, InvalidInputError
   */
  async writeFile(
    path: string,
    content: string | Uint8Array,
    options: Pick<PushOptions, 'mode'> = {},
  ): Promise<void> {
    await this.machine.push(content, path, { parents: true, ...options });
  }

  /**
   * Returns the URL of a web server on a published port of the guest, from this host: `https` for 443 and 8443.
   * @throws InvalidInputError that names the published ports.
   */
  url(guestPort: number, path?: string): string {
    return urlOf(this.machine.ports, guestPort, path);
  }

  /** Powers the machine off immediately. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run[Symbol.asyncDispose]();
    await this.#crashed?.[Symbol.asyncDispose]();
  }

  #runOf(machine: Machine): MachineRun {
    return new MachineRun(machine, this.#options);
  }
}
