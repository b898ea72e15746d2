import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestFile, PullOptions, PushOptions } from '../../guest/agent/files.ts';
import type { GuestProcess } from '../../guest/agent/process.ts';
import { type MachineOptions, type MachineParts, RunningMachine } from './running-machine.ts';
import type { StopStep } from './stop.ts';

/** A running machine in whose guest commands can run. */
export class Machine extends RunningMachine {
  /** What came of the first boot's work, for a disk; a failure of it does not fail the launch. */
  readonly cloudInit: CloudInitStatus | undefined;
  readonly #agent: GuestAgent;

  constructor(
    parts: MachineParts,
    agent: GuestAgent,
    options: MachineOptions & { readonly cloudInit?: CloudInitStatus | undefined },
  ) {
    super(parts, options);
    this.cloudInit = options.cloudInit;
    this.#agent = agent;
  }

  /**
   * Starts a command in the guest: a promise of its result, its streams, and the lines of its stdout, all in one.
   * An exit status other than 0 does not reject.
   * @param argv the program, looked up in the guest's PATH, and its arguments; there is no shell in between.
   * @throws MachineEndedError, InvalidInputError, or the signal's reason when it is aborted already. The promise
   *   rejects with GuestCommandError when the guest cannot start it, TimedOutError, or the signal's reason.
   */
  exec(argv: readonly string[], options: ExecOptions = {}): GuestProcess {
    this.requireAlive();
    return this.#agent.exec(argv, options);
  }

  /**
   * Writes a file in the guest; it appears whole or not at all.
   * @param path absolute, in the guest.
   * @throws GuestFileError, MachineEndedError, InvalidInputError, the signal's reason, or what `source` threw.
   */
  async push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options: PushOptions = {},
  ): Promise<void> {
    this.requireAlive();
    await this.#agent.push(source, path, options);
  }

  /**
   * Reads a file of the guest as a stream.
   * @param path absolute, in the guest.
   * @throws MachineEndedError, InvalidInputError. The stream fails with GuestFileError.
   */
  pull(path: string, options: PullOptions = {}): GuestFile {
    this.requireAlive();
    return this.#agent.pull(path, options);
  }

  /** Reads a file of the guest into memory; throws what `pull` throws and what its stream fails with. */
  async readFile(path: string, options: PullOptions = {}): Promise<Buffer> {
    this.requireAlive();
    return this.#agent.readFile(path, options);
  }

  /** Has the guest write all that is in its caches to its disks. @throws MachineEndedError. */
  async sync(): Promise<void> {
    this.requireAlive();
    await this.#agent.sync();
  }

  /**
   * Sets the guest's clock. A program in the guest that keeps it right (NTP) may set it again.
   * @throws MachineEndedError, GuestRequestError, InvalidInputError for a time before 1970.
   */
  async setClock(time: Date): Promise<void> {
    this.requireAlive();
    await this.#agent.setClock(time.getTime());
  }

  protected override stopSteps(): StopStep[] {
    const powerOff = async (): Promise<void> => {
      await this.#agent.powerOff();
      this.life.expectPowerOff();
    };
    return [{ rung: 'guest', share: 0.4, take: powerOff }, ...super.stopSteps()];
  }
}
