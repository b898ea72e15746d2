import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { GuestClosedError, PoolExistsError, PoolFailedError } from '../../errors/index.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import {
  checkSocketLength,
  claimDirectory,
  ensurePrivateDirectory,
  sweepDeadOwners,
} from '../../machine/paths/runtime-directory.ts';
import { holdFreeLock } from '../../process/lock/transient-lock.ts';
import { Scope } from '../../util/scope.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { startTimer } from '../../util/time/timer.ts';
import type { Template } from '../template.ts';
import { poolsDirectory } from './named-pools.ts';
import { checkNewPool } from './new-pool.ts';
import { type Pool, type PoolOptions, poolOf } from './pool.ts';
import { type Answer, failureOf, lineOf, readLine, requestSchema } from './pool-messages.ts';
import { poolFiles, writePoolRecord } from './pool-record.ts';

/** Options of `servePool`. */
export interface ServePoolOptions extends Pick<PoolOptions, 'size' | 'log'> {
  /** Name under which other processes of this user find the pool. */
  readonly name: string;
  /** Ends the pool after this time without a client, in milliseconds; never by default. */
  readonly idleMs?: number;
  /** Aborts the start; afterwards ends the pool, like `close`. */
  readonly signal?: AbortSignal;
}

/** Each runs in a QEMU process of its own. */
const MOST_TAKEN = 64;
const REQUEST_MS = 10_000;

/**
 * Starts a warm pool that gives its forks to other processes of this user: see `openPool`, and `vmlet run --pool`.
 * Resolves when the pool is full, or as full as the memory of the host allows.
 * @throws PoolExistsError, InvalidInputError, what `Template.fork` throws, or the signal's reason.
 */
export async function servePool(template: Template, options: ServePoolOptions): Promise<PoolServer> {
  const { name, size, log, signal } = options;
  checkNewPool(options);
  const scope = new Scope();
  try {
    const directory = await claimName(name, scope);
    const pool = poolOf(template, name, {
      warm: true,
      ...(size !== undefined && { size }),
      ...(log && { log }),
      ...(signal && { signal }),
    });
    scope.defer(async () => pool.close());
    return await PoolServer.start(pool, directory, options, scope);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** Holds the name as long as the pool is served. */
async function claimName(name: string, scope: Scope): Promise<string> {
  const parent = poolsDirectory(ownLocations());
  ensurePrivateDirectory(parent);
  checkSocketLength(parent);
  if (!(await holdFreeLock(join(parent, `.${name}.lock`), scope))) throw new PoolExistsError(name);
  sweepDeadOwners(parent);
  return claimDirectory(parent, scope);
}

/** A pool that other processes of this user reach by a socket. */
export class PoolServer implements AsyncDisposable {
  readonly name: string;
  /** Resolves when the pool has ended: closed, aborted, or without a client for too long. */
  readonly ended: Promise<void>;
  readonly #pool: Pool;
  readonly #scope: Scope;
  readonly #server: Server;
  readonly #idleMs: number;
  readonly #log: ServePoolOptions['log'];
  readonly #ended = deferred<undefined>();
  readonly #clients = new Set<Socket>();
  readonly #serving = new Set<Promise<void>>();
  #taken = 0;
  #isStarting = true;
  #isClosing = false;
  #stopIdleTimer: () => void = () => undefined;

  private constructor(pool: Pool, server: Server, options: ServePoolOptions, scope: Scope) {
    this.name = options.name;
    this.ended = this.#ended.promise;
    this.#pool = pool;
    this.#server = server;
    this.#idleMs = options.idleMs ?? Infinity;
    this.#log = options.log;
    this.#scope = scope;
    // A client that cannot be accepted, as for lack of memory, is lost alone.
    server.on('error', (error) => this.#log?.warn({ error }, 'the pool cannot accept a client'));
    server.on('connection', (connection: Socket) => {
      const served = this.#serve(connection).finally(() => this.#serving.delete(served));
      this.#serving.add(served);
    });
  }

  /**
   * Serves clients while the pool fills already: others see that its name and template are in use.
   * @param scope owns the pool and its directory.
   */
  static async start(
    pool: Pool,
    directory: string,
    options: ServePoolOptions,
    scope: Scope,
  ): Promise<PoolServer> {
    const server = createServer({ pauseOnConnect: true });
    server.listen(poolFiles(directory).socket);
    await once(server, 'listening');
    scope.defer(() => void server.close());
    const { size, template } = pool;
    const { image, memoryBytes } = template;
    const record = { name: options.name, size, image, template: template.directory, memoryBytes };
    writePoolRecord(directory, { ...record, createdAt: Date.now() });
    const started = new PoolServer(pool, server, options, scope);
    try {
      await pool.full();
      options.signal?.throwIfAborted();
    } catch (error) {
      if (!started.#isClosing) {
        await started.close();
        throw error;
      }
    }
    if (started.#isClosing) {
      await started.ended;
      throw new PoolFailedError(options.name, 'was removed while it started');
    }
    started.#isStarting = false;
    if (options.signal) scope.defer(onAbort(options.signal, () => void started.close()));
    started.#awaitClients();
    return started;
  }

  /**
   * Resolves when `size` forks, or as many as the memory of the host allows, wait and can be taken at once; rejects with
   * the error of a fork that failed to start, TimedOutError, or the signal's reason. The limits end only this wait. A fork
   * that replaces a taken one is counted as waiting before that: see `PoolStatus`.
   */
  async full(limits: Limits = {}): Promise<void> {
    await this.#pool.full(limits);
  }

  /** Ends the pool, its waiting forks, and the guests that clients have taken. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopIdleTimer();
    this.#server.close();
    for (const client of this.#clients) client.destroy();
    // Closing the pool ends the fork for which a client may still wait.
    await Promise.all([this.#pool.close(), ...this.#serving])
      .finally(async () => this.#scope.close())
      .finally(() => this.#ended.resolve(undefined));
  }

  /** Ends the pool. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(connection: Socket): Promise<void> {
    const gone = new AbortController();
    this.#clients.add(connection);
    this.#stopIdleTimer();
    // The connection closes after an error, which says nothing more.
    connection.on('error', () => undefined);
    connection.once('close', () => {
      this.#clients.delete(connection);
      gone.abort(new GuestClosedError('the client of the pool has disconnected'));
      this.#awaitClients();
    });
    try {
      const line = await withinLimits('waiting for the request of a client', readLine(connection), {
        timeoutMs: REQUEST_MS,
      });
      const { request } = requestSchema.parse(JSON.parse(line));
      if (request === 'take') await this.#give(connection, gone.signal);
      else answer(connection, { kind: 'status', waiting: this.#pool.waiting, taken: this.#taken }).end();
      if (request === 'end') void this.close();
    } catch (error) {
      this.#log?.debug({ err: error }, 'a client of the pool got no guest');
      const failure = error instanceof Error ? error : new Error(String(error));
      answer(connection, failureOf(this.name, failure)).end();
    }
  }

  async #give(connection: Socket, gone: AbortSignal): Promise<void> {
    if (this.#taken >= MOST_TAKEN) {
      throw new PoolFailedError(
        this.name,
        `${MOST_TAKEN} guests of this pool are already in use, which is the limit`,
        { hint: 'try again when one of these guests has ended' },
      );
    }
    this.#taken++;
    try {
      const log = this.#log;
      const { machine, connection: agent } = await this.#pool.handOver({ signal: gone, ...(log && { log }) });
      answer(connection, { kind: 'guest', guest: machine.name });
      agent.on('error', () => connection.destroy());
      agent.pipe(connection);
      connection.pipe(agent);
      await machine.ended;
    } finally {
      this.#taken--;
    }
  }

  #awaitClients(): void {
    this.#stopIdleTimer();
    if (!this.#isStarting && !this.#isClosing && this.#clients.size === 0)
      this.#stopIdleTimer = startTimer(this.#idleMs, () => void this.close());
  }
}

function answer(connection: Socket, content: Answer): Socket {
  connection.write(lineOf(content));
  return connection;
}
