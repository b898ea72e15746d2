import type { ExecOptions } from '../guest/command.ts';
import type { GuestFile, PullOptions, PushOptions } from '../guest/files.ts';
import type { GuestProcess } from '../guest/process.ts';
import type { Machine } from '../machine/machine.ts';
import { urlOf } from './published.ts';
import { type Shell, shellOf } from './shell.ts';
import { WaitFor } from './wait-for.ts';

export interface TestMachineOptions {
  /** Milliseconds of each wait that says nothing else; 30 000 by default. */
  readonly waitTimeoutMs?: number | undefined;
  /** Ends each wait and each script that has no signal of its own: a test's own, say. */
  readonly signal?: AbortSignal | undefined;
}

/** A machine as a test uses it. Disposing of it ends the machine at once. */
export class TestMachine implements AsyncDisposable {
  readonly sh: Shell;
  readonly waitFor: WaitFor;
  #machine: Machine;

  constructor(machine: Machine, { waitTimeoutMs, signal }: TestMachineOptions = {}) {
    this.#machine = machine;
    const current = (): Machine => this.#machine;
    this.sh = shellOf(current, { signal });
    this.waitFor = new WaitFor(current, { timeoutMs: waitTimeoutMs, signal });
  }

  /** What runs just now. */
  get machine(): Machine {
    return this.#machine;
  }

  get name(): string {
    return this.#machine.name;
  }

  /** As `Machine.exec`: an exit status other than 0 does not reject. */
  exec(argv: readonly string[], options?: ExecOptions): GuestProcess {
    return this.#machine.exec(argv, options);
  }

  /** As `Machine.push`, for content of any size. */
  async push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options?: PushOptions,
  ): Promise<void> {
    await this.#machine.push(source, path, options);
  }

  /** As `Machine.pull`: a stream. */
  pull(path: string, options?: PullOptions): GuestFile {
    return this.#machine.pull(path, options);
  }

  /**
   * Reads a file of the guest: as text with an encoding, else as bytes.
   * @throws GuestFileError, MachineEndedError
   */
  async readFile(path: string): Promise<Buffer>;
  async readFile(path: string, encoding: BufferEncoding): Promise<string>;
  async readFile(path: string, encoding?: BufferEncoding): Promise<Buffer | string> {
    const content = await this.#machine.readFile(path);
    return encoding === undefined ? content : content.toString(encoding);
  }

  /**
   * Writes a file in the guest, and the folders above it where they are missing.
   * @throws GuestFileError, MachineEndedError, InvalidInputError
   */
  async writeFile(
    path: string,
    content: string | Uint8Array,
    options: Pick<PushOptions, 'mode'> = {},
  ): Promise<void> {
    await this.#machine.push(content, path, { parents: true, ...options });
  }

  /**
   * The URL, from this host, of a web server on a published port of the guest: `https` for 443 and 8443.
   * @throws InvalidInputError that names the published ports.
   */
  url(guestPort: number, path?: string): string {
    return urlOf(this.#machine.ports, guestPort, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine.kill();
  }
}
