import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { GuestClosedError, GuestProtocolError, TimedOutError } from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import type { ExecOptions } from './command.ts';
import { type GuestConnection, connectToPort } from './guest-connection.ts';
import { type GuestConfiguration, encodeConfiguration } from './configuration.ts';
import { FieldWriter, Operation } from './fields.ts';
import { GuestFile, type PullOptions, type PushOptions, pushFile } from './files.ts';
import { FrameType } from './agent-frame.ts';
import { greet } from './greet.ts';
import type { Hello } from './greeting.ts';
import { GuestProcess } from './process.ts';
import { request } from './request.ts';
import { type ExplainLoss, Session } from './session.ts';

export interface AttachOptions extends Limits {
  /** Provides the error for a lost connection, in place of GuestClosedError. */
  readonly explainLoss?: ExplainLoss | undefined;
}

/**
 * A client of the agent in a guest, on a connection to the agent's port.
 *
 * Every call fails with GuestClosedError once the connection is lost or the agent has restarted, and with
 * GuestProtocolError once either side has received something invalid; `closed` then settles. A new `attach` on a new
 * connection begins a new session: the agent ends the commands of the old one.
 */
export class GuestAgent implements AsyncDisposable {
  /** The agent's greeting. */
  readonly hello: Hello;
  readonly #session: Session;

  private constructor(session: Session, hello: Hello) {
    this.#session = session;
    this.hello = hello;
  }

  /**
   * Waits for the agent's greeting. Bytes of an earlier session, or of anything else, are skipped.
   *
   * On success the agent owns the connection; on failure it stays open and belongs to the caller.
   * @throws TimedOutError, GuestClosedError, GuestProtocolError (no version in common), or the signal's reason.
   */
  static async attach(connection: Socket, options: AttachOptions = {}): Promise<GuestAgent> {
    options.signal?.throwIfAborted();
    const greeting = greet(connection, randomBytes(8));
    try {
      const { hello, rest } = await withinLimits('the guest agent', greeting.done, options);
      return new GuestAgent(new Session(connection, rest, options.explainLoss), hello);
    } catch (error) {
      if (!(error instanceof TimedOutError)) throw error;
      throw new TimedOutError('waiting for the guest agent', error.timeoutMs, {
        hint: 'the guest may not have booted, or may have no agent; see the end of the console output (for a named machine: vmlet logs NAME)',
      });
    } finally {
      greeting.stop();
    }
  }

  /** Resolves at the end of the session, for any reason; never rejects. */
  get closed(): Promise<void> {
    return this.#session.closed;
  }

  /** Why the session has ended; undefined until then. */
  get failure(): Error | undefined {
    return this.#session.failure;
  }

  /**
   * Starts a command. Up to 256 requests of any kind can run at once; beyond that GuestCommandError (EAGAIN). The clients
   * of a named machine share this limit.
   * @param argv the program and its arguments; a program without a slash is looked up in the guest's PATH.
   * @throws InvalidInputError; every other failure rejects the process.
   */
  exec(argv: readonly string[], options: ExecOptions = {}): GuestProcess {
    return new GuestProcess(this.#session, argv, options);
  }

  /**
   * Writes a file in the guest atomically: it is complete or unchanged.
   * @param path absolute.
   * @throws GuestFileError, InvalidInputError, GuestClosedError, GuestProtocolError, the signal's reason, or what `source` threw.
   */
  async push(
    source: string | Uint8Array | AsyncIterable<Uint8Array>,
    path: string,
    options: PushOptions = {},
  ): Promise<void> {
    await pushFile(this.#session, source, path, options);
  }

  /**
   * Reads a regular file of the guest as a stream, which fails with GuestFileError.
   * @param path absolute.
   * @throws InvalidInputError
   */
  pull(path: string, options: PullOptions = {}): GuestFile {
    return new GuestFile(this.#session, path, options);
  }

  /** Reads a regular file of the guest into memory. */
  async readFile(path: string, options: PullOptions = {}): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.pull(path, options)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /**
   * Sets up the guest, in this order: the host's system as its root, clock, entropy, name, machine id, modules, network,
   * disks and other mounts. Returns when the network is usable and everything is mounted. Steps before a failure are not undone.
   * @throws GuestRequestError, InvalidInputError, GuestClosedError, GuestProtocolError, TimedOutError, or the signal's reason.
   */
  async configure(configuration: GuestConfiguration, limits: Limits = {}): Promise<void> {
    await request(this.#session, 'configuring the guest', encodeConfiguration(configuration), limits);
  }

  /** @param clockMs milliseconds since 1970; the host's own clock by default. */
  async setClock(clockMs = Date.now(), limits: Limits = {}): Promise<void> {
    await request(this.#session, "setting the guest's clock", encodeConfiguration({ clockMs }), limits);
  }

  /** Reseeds the guest's random numbers, so that they differ from those of a guest with the same memory. */
  async reseed(entropy: Uint8Array = randomBytes(64), limits: Limits = {}): Promise<void> {
    await request(
      this.#session,
      "reseeding the guest's random number generator",
      encodeConfiguration({ entropy }),
      limits,
    );
  }

  /**
   * Connects to a TCP port of the guest's own loopback, 127.0.0.1 or ::1. Needs no network and no forward.
   * @throws GuestRequestError (ECONNREFUSED; ENOSYS for an older agent), InvalidInputError, GuestClosedError,
   *   GuestProtocolError, TimedOutError, or the signal's reason.
   */
  async connect(port: number, limits: Limits = {}): Promise<GuestConnection> {
    return connectToPort(this.#session, port, limits);
  }

  /** Writes all cached data of the guest to its disks. */
  async sync(limits: Limits = {}): Promise<void> {
    await request(this.#session, 'syncing the guest', new FieldWriter(Operation.sync).toBuffer(), limits);
  }

  /**
   * Writes all cached data, and leaves the volumes' file systems clean on their disks. Processes that write to them
   * afterwards wait for ever, so the machine has to end.
   */
  async releaseVolumes(limits: Limits = {}): Promise<void> {
    await request(this.#session, 'releasing volumes', new FieldWriter(Operation.release).toBuffer(), limits);
  }

  /** Resolves when the guest has begun to power off: its processes get SIGTERM, and SIGKILL two seconds later. */
  async powerOff(limits: Limits = {}): Promise<void> {
    await request(this.#session, 'powering off', new FieldWriter(Operation.powerOff).toBuffer(), limits);
  }

  /** Resolves when the guest has begun to reboot. */
  async reboot(limits: Limits = {}): Promise<void> {
    await request(this.#session, 'rebooting', new FieldWriter(Operation.reboot).toBuffer(), limits);
  }

  /** Returns the duration of one round trip to the agent in milliseconds. */
  async ping(limits: Limits = {}): Promise<number> {
    limits.signal?.throwIfAborted();
    const begin = performance.now();
    const answer = deferred<undefined>();
    const id = this.#session.add({
      receive: (frame) => {
        if (frame.type !== FrameType.pong) {
          throw new GuestProtocolError(
            `the guest agent answered a ping with an unexpected message: type ${frame.type}`,
          );
        }
        answer.resolve(undefined);
      },
      fail: answer.reject,
    });
    this.#session.send(FrameType.ping, 0, id);
    try {
      await withinLimits('pinging the guest agent', answer.promise, limits);
    } finally {
      this.#session.release(id);
    }
    return performance.now() - begin;
  }

  /** Ends the session, and returns the connection for another one. Pending calls fail with GuestClosedError. */
  handOver(): Socket {
    return this.#session.handOver();
  }

  /**
   * Ends the session and closes the connection; the agent ends all running commands.
   * @param reason error of pending calls; a GuestClosedError by default.
   */
  async close(reason?: Error): Promise<void> {
    this.#session.end(
      reason ?? new GuestClosedError('the connection to the guest agent was closed by this process'),
    );
    await this.#session.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
