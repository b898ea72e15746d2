import { MachineEndedError, VmletError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestFile, PullOptions, PushOptions } from '../../guest/agent/files.ts';
import type { GuestProcess } from '../../guest/agent/process.ts';
import { type BoundForward, type PortInput, parseTcpForward } from '../../network/ports/port.ts';
import { type SocketForward, checkSocketForward } from '../../network/ports/socket-forward.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { writesVolumes } from '../plan/plan.ts';
import type { Copy } from '../share/copies.ts';
import { type MachineOptions, type MachineParts, RunningMachine } from './running-machine.ts';
import type { StopStep } from './escalate-stop.ts';

/** Whether a machine has booted, or was forked from a template, or from a guest that an earlier launch kept. */
export type MachineOrigin = 'boot' | 'template' | 'kept';

/** For writing the guest's memory to a slow disk. */
const RELEASE_MS = 60_000;

/** A port of the host that leads to the guest until it is disposed of, or the machine ends. */
export type ForwardedPort = BoundForward & AsyncDisposable;

/** A running machine whose guest can run commands. */
export class Machine extends RunningMachine {
  readonly origin: MachineOrigin;
  /** Result of the first-boot work, for a disk; a failure of it does not fail the launch. */
  readonly cloudInit: CloudInitStatus | undefined;
  /** The directories of the host that the guest has copies of. */
  readonly copies: readonly Copy[];
  readonly #agent: GuestAgent;
  readonly #sockets: SocketForward[] = [];
  readonly #forwarded = new Set<BoundForward>();

  constructor(
    parts: MachineParts,
    agent: GuestAgent,
    options: MachineOptions & {
      readonly cloudInit?: CloudInitStatus | undefined;
      /** A boot by default. */
      readonly origin?: MachineOrigin;
      readonly copies?: readonly Copy[] | undefined;
    },
  ) {
    super(parts, options);
    this.origin = options.origin ?? 'boot';
    this.cloudInit = options.cloudInit;
    this.#agent = agent;
    this.copies = options.copies ?? [];
  }

  /**
   * Starts a command in the guest. The returned object is a promise of the result, and gives access to the
   * streams and to the lines of stdout. A nonzero exit status does not reject. With the host's system it starts in the
   * directory of the launch, if the guest sees that.
   * @param argv the program, looked up in the guest's PATH, and its arguments; no shell is involved.
   * @throws InvalidInputError. Every other failure rejects the promise: with MachineEndedError, GuestCommandError when
   * the guest cannot start the program, TimedOutError, or the signal's reason.
   */
  exec(argv: readonly string[], options: ExecOptions = {}): GuestProcess {
    const { end } = this.life;
    // Rejects the promise as an abort does: a chain of promises would not catch what is thrown here.
    const signal = end ? AbortSignal.abort(end) : options.signal;
    return this.#agent.exec(argv, { ...options, cwd: options.cwd ?? this.plan.guest.directory, signal });
  }

  /**
   * Writes a file in the guest atomically.
   * @param path absolute, in the guest.
   * @throws GuestFileError, MachineEndedError, InvalidInputError, the signal's reason, or an error thrown by
   * `source`.
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

  /**
   * Reads a file of the guest into memory.
   * @throws the errors of `pull` and of its stream.
   */
  async readFile(path: string, options: PullOptions = {}): Promise<Buffer> {
    this.requireAlive();
    return this.#agent.readFile(path, options);
  }

  /**
   * Copies directories that the guest has copies of (`volumes` with `copy`) back to the host, except those that are
   * read-only. Files replace files; files removed in the guest stay.
   * @returns the number of devices and FIFOs that were left out.
   * @throws MachineEndedError, GuestSetupError, GuestProtocolError, NoSpaceError, PermissionError, CopyBackError for
   *   files that could not be put in their place, or the signal's reason.
   */
  async copyBack({ signal }: Pick<Limits, 'signal'> = {}): Promise<number> {
    this.requireAlive();
    if (this.copies.length === 0) return 0;
    const { copyBack } = await import('../share/copies.ts');
    const signals = [this.signal, signal].filter((one) => one !== undefined);
    return copyBack(this.#agent, this.copies, AbortSignal.any(signals));
  }

  /** Lets the guest write its volumes back, then ends the machine and releases its files. */
  override async [Symbol.asyncDispose](): Promise<void> {
    const failure = writesVolumes(this.plan) ? await this.#releaseVolumes() : undefined;
    await super[Symbol.asyncDispose]();
    if (failure !== undefined) throw failure;
  }

  /** @returns why the volumes may lack what the guest wrote last. */
  async #releaseVolumes(): Promise<VmletError | undefined> {
    if (this.life.end) return undefined;
    try {
      await this.#agent.releaseVolumes({ timeoutMs: RELEASE_MS });
    } catch (error) {
      // It is ending anyway, as after a power failure: the journal is replayed by the next machine.
      if (error instanceof MachineEndedError) return undefined;
      if (error instanceof VmletError) return error;
      throw error;
    }
    return undefined;
  }

  /** Makes the guest write its caches to its disks. @throws MachineEndedError, TimedOutError, or the signal's reason. */
  async sync(limits: Limits = {}): Promise<void> {
    this.requireAlive();
    await this.#agent.sync(limits);
  }

  /**
   * Sets the guest's clock. An NTP client in the guest may change it again.
   * @throws MachineEndedError, GuestRequestError, InvalidInputError for a time before 1970, TimedOutError, or the signal's
   *   reason.
   */
  async setClock(time: Date, limits: Limits = {}): Promise<void> {
    this.requireAlive();
    await this.#agent.setClock(time.getTime(), limits);
  }

  /**
   * Serves a unix socket of the host, for this user alone, whose connections lead to a TCP port of the guest's loopback
   * interface, until the machine ends. Needs no network.
   * @throws InvalidInputError, also for a path with a file or without a directory; PermissionError, MachineEndedError.
   */
  async forwardSocket(socket: SocketForward): Promise<void> {
    this.requireAlive();
    const valid = checkSocketForward(socket);
    const { serveSocket } = await import('./socket-server.ts');
    const server = await serveSocket(this.#agent, valid, this.signal);
    this.#sockets.push(valid);
    this.scope.defer(async () => server.close());
  }

  /**
   * Publishes a TCP port while the machine runs: listens on the host, and leads connections to the guest's loopback
   * interface, until the forward is closed or the machine ends. Needs no network; no open connection is affected.
   * `ports` includes it.
   * @param port as in `LaunchOptions.ports`: a text such as `8080:80`, or an object.
   * @throws InvalidInputError, also for UDP and for more than one port; PortTakenError, PermissionError,
   *   MachineEndedError.
   */
  async forwardPort(port: PortInput): Promise<ForwardedPort> {
    const asked = parseTcpForward(port);
    this.requireAlive();
    const { servePort } = await import('./port-server.ts');
    const server = await servePort(this.#agent, asked);
    const { forward } = server;
    this.#forwarded.add(forward);
    const release = async (): Promise<void> => {
      this.#forwarded.delete(forward);
      await server.close();
    };
    this.scope.defer(release);
    return { ...forward, [Symbol.asyncDispose]: release };
  }

  override get ports(): readonly BoundForward[] {
    return [...super.ports, ...this.#forwarded];
  }

  /** The unix sockets of the host that lead to its ports. */
  get sockets(): readonly SocketForward[] {
    return this.#sockets;
  }

  /** Asks the guest's agent to power off before the other steps. */
  protected override stopSteps(): StopStep[] {
    const powerOff = async (): Promise<void> => {
      await this.#agent.powerOff();
      this.life.expectPowerOff();
    };
    return [{ rung: 'guest', share: 4, take: powerOff }, ...super.stopSteps()];
  }
}
