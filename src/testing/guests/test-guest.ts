import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestFile, PullOptions, PushOptions } from '../../guest/agent/files.ts';
import type { GuestProcess } from '../../guest/agent/process.ts';
import type { Shell } from './shell.ts';

/** The guest of a machine, or one of a pool. */
interface ReachedGuest {
  exec(argv: readonly string[], options?: ExecOptions): GuestProcess;
  push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options?: PushOptions,
  ): Promise<void>;
  pull(path: string, options?: PullOptions): GuestFile;
  readFile(path: string, options?: PullOptions): Promise<Buffer>;
}

/** Commands and files of a guest under test. */
export abstract class TestGuest {
  /** Runs a script with the guest's shell. */
  abstract readonly sh: Shell;
  /** Host name of the guest. */
  abstract readonly name: string;
  protected abstract readonly reached: ReachedGuest;

  /** Like `Machine.exec`: a non-zero exit status does not reject. */
  exec(argv: readonly string[], options?: ExecOptions): GuestProcess {
    return this.reached.exec(argv, options);
  }

  /** Like `Machine.push`, for content of any size. */
  async push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options?: PushOptions,
  ): Promise<void> {
    await this.reached.push(source, path, options);
  }

  /** Like `Machine.pull`: returns a stream. */
  pull(path: string, options?: PullOptions): GuestFile {
    return this.reached.pull(path, options);
  }

  /**
   * Reads a file of the guest: as text with an encoding, otherwise as bytes.
   * @throws GuestFileError, MachineEndedError (PoolFailedError for a guest of a pool)
   */
  async readFile(path: string): Promise<Buffer>;
  async readFile(path: string, encoding: BufferEncoding): Promise<string>;
  async readFile(path: string, encoding?: BufferEncoding): Promise<Buffer | string> {
    const content = await this.reached.readFile(path);
    return encoding === undefined ? content : content.toString(encoding);
  }

  /**
   * Writes a file in the guest, and creates missing parent directories.
   * @throws GuestFileError, MachineEndedError (PoolFailedError for a guest of a pool), InvalidInputError
   */
  async writeFile(
    path: string,
    content: string | Uint8Array,
    options: Pick<PushOptions, 'mode'> = {},
  ): Promise<void> {
    await this.reached.push(content, path, { parents: true, ...options });
  }
}
