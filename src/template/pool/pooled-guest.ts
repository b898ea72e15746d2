import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestFile, PullOptions, PushOptions } from '../../guest/agent/files.ts';
import type { GuestProcess } from '../../guest/agent/process.ts';

/** A guest that was taken from the pool of another process. It ends when it is closed, or with this process. */
export class PooledGuest implements AsyncDisposable {
  /** Its host name. */
  readonly name: string;
  readonly #agent: GuestAgent;

  constructor(name: string, agent: GuestAgent) {
    this.name = name;
    this.#agent = agent;
  }

  /** Resolves when the guest has ended, for any reason; never rejects. */
  get ended(): Promise<void> {
    return this.#agent.closed;
  }

  /** Why the guest has ended, as a PoolFailedError unless this process closed it; undefined until then. */
  get failure(): Error | undefined {
    return this.#agent.failure;
  }

  /** Starts a command in the guest, as `Machine.exec` does. */
  exec(argv: readonly string[], options: ExecOptions = {}): GuestProcess {
    return this.#agent.exec(argv, options);
  }

  /** Writes a file in the guest atomically, as `Machine.push` does. */
  async push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options: PushOptions = {},
  ): Promise<void> {
    await this.#agent.push(source, path, options);
  }

  /** Reads a file of the guest as a stream, as `Machine.pull` does. */
  pull(path: string, options: PullOptions = {}): GuestFile {
    return this.#agent.pull(path, options);
  }

  /** Reads a file of the guest into memory. */
  async readFile(path: string, options: PullOptions = {}): Promise<Buffer> {
    return this.#agent.readFile(path, options);
  }

  /** Ends the guest. */
  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** Ends the guest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
