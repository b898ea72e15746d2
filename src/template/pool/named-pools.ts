import { existsSync, readdirSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { dirname, join } from 'node:path';
import {
  type GuestClosedError,
  InvalidInputError,
  PoolFailedError,
  PoolNotFoundError,
  TimedOutError,
  isSystemError,
} from '../../errors/index.ts';
import { GuestAgent } from '../../guest/agent/agent.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { ownerInName } from '../../machine/paths/runtime-directory.ts';
import { descendantsOf } from '../../process/procfs/descendants.ts';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { hostNameSchema } from '../../util/options/host-name.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { poll } from '../../util/time/poll.ts';
import { type Answer, answerSchema, lineOf, readLine, refusalOf } from './pool-messages.ts';
import { poolLogPath, removeOldPoolLogs } from './pool-logs.ts';
import { type PoolRecord, poolFiles, readPoolRecord } from './pool-record.ts';
import { PooledGuest } from './pooled-guest.ts';

/** Guests of a pool. */
export interface PoolStatus {
  /** How many forks wait, including those that are starting. */
  readonly waiting: number;
  /** How many guests clients have taken. */
  readonly taken: number;
}

const STATUS_MS = 10_000;
const END_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** A pool that is empty starts a fork first, which may take six minutes without KVM. */
const TAKE_MS = 420_000;

/** A pool that another process of this user serves. */
export class NamedPool {
  readonly name: string;
  /** The image of its template; undefined for one without an image. */
  readonly image: string | undefined;
  /** Directory of the template that it forks; undefined for a pool of an older release. */
  readonly templateDirectory: string | undefined;
  /** Memory of each guest, in bytes. */
  readonly memoryBytes: number;
  /** How many forks wait when the pool is full. */
  readonly size: number;
  readonly createdAt: Date;
  /** The process that serves it. */
  readonly process: ProcessIdentity;
  readonly #socket: string;

  constructor(record: PoolRecord, socket: string, process: ProcessIdentity) {
    this.name = record.name;
    this.image = record.image;
    this.templateDirectory = record.template;
    this.memoryBytes = record.memoryBytes;
    this.size = record.size;
    this.createdAt = new Date(record.createdAt);
    this.process = process;
    this.#socket = socket;
  }

  /**
   * Takes a guest, which runs until it is closed, or until this process or the pool ends. An empty pool starts one first.
   * @param limits 420 s by default. The signal ends only the taking; close the guest to end it.
   * @throws PoolFailedError when the pool cannot start a guest, or runs 64 already; PoolNotFoundError when the pool has
   *   just ended, TimedOutError, or the signal's reason.
   */
  async take({ timeoutMs = TAKE_MS, signal }: Limits = {}): Promise<PooledGuest> {
    const { connection, answer } = await this.#ask('take', { timeoutMs, signal });
    if (answer.kind !== 'guest') throw this.#refusal(connection, answer);
    const explainLoss = async (cause: GuestClosedError): Promise<Error> =>
      Promise.resolve(
        new PoolFailedError(this.name, 'the guest has ended', {
          hint: 'try again to get another guest of the pool; to check that the pool is running: vmlet pool ls',
          cause,
        }),
      );
    try {
      const attaching = GuestAgent.attach(connection, { timeoutMs, signal, explainLoss });
      connection.resume();
      return new PooledGuest(answer.guest, await attaching);
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** @throws PoolFailedError, PoolNotFoundError when the pool has just ended, TimedOutError, or the signal's reason. */
  async status({ timeoutMs = STATUS_MS, signal }: Limits = {}): Promise<PoolStatus> {
    const { connection, answer } = await this.#ask('status', { timeoutMs, signal });
    if (answer.kind !== 'status') throw this.#refusal(connection, answer);
    connection.destroy();
    return { waiting: answer.waiting, taken: answer.taken };
  }

  /**
   * Returns the memory of this host that the pool uses now, in bytes: that of its own process, of its waiting guests and of
   * those in use. A page that several processes share counts in parts. passt is left out unless this process is root's,
   * since it hides from its own user.
   */
  async hostMemoryBytes(): Promise<number> {
    // `vmlet run --pool` does without it.
    const { readProcessMemory } = await import('../../machine/logs/process-usage.ts');
    const { pid } = this.process;
    const used = await Promise.all([pid, ...descendantsOf(pid)].map(readProcessMemory));
    return used.reduce((sum, memory) => sum + (memory?.pssBytes ?? 0), 0);
  }

  /**
   * Ends the pool and the guests that were taken from it, and removes the log of `vmlet pool create`, and old ones of other
   * pools that have ended.
   * @throws what `status` throws.
   */
  async end({ timeoutMs = END_MS, signal }: Limits = {}): Promise<void> {
    const { connection } = await this.#ask('end', { timeoutMs, signal });
    connection.destroy();
    const waiting = `waiting for pool "${this.name}" to end`;
    await withinLimits(waiting, this.#gone(signal), { timeoutMs, signal }).catch((error: unknown) => {
      throw this.#explain(error, waiting);
    });
    removeFile(poolLogPath(ownLocations(), this.name));
    removeLogsOfEnded();
  }

  async #gone(signal: AbortSignal | undefined): Promise<void> {
    const isGone = (): boolean => !existsSync(dirname(this.#socket)) || !isAlive(this.process);
    await poll(isGone, { everyMs: LOOK_EVERY_MS, signal });
  }

  async #ask(
    request: 'take' | 'status' | 'end',
    limits: Limits,
  ): Promise<{ readonly connection: Socket; readonly answer: Answer }> {
    const connection = connect(this.#socket);
    const waiting = `waiting for pool "${this.name}" to answer`;
    try {
      connection.write(lineOf({ version: 1, request }));
      const line = await withinLimits(waiting, readLine(connection), limits);
      return { connection, answer: this.#read(line) };
    } catch (error) {
      connection.destroy();
      const cause = error instanceof Error ? error.cause : undefined;
      if (isSystemError(cause, 'ENOENT', 'ECONNREFUSED'))
        throw new PoolNotFoundError(this.name, { cause: error });
      throw this.#explain(error, waiting);
    }
  }

  #explain(error: unknown, waiting: string): unknown {
    if (!(error instanceof TimedOutError)) return error;
    return new TimedOutError(waiting, error.timeoutMs, {
      hint: `try again; if the pool still does not respond, end it: kill ${this.process.pid}`,
      cause: error,
    });
  }

  #read(line: string): Answer {
    try {
      return answerSchema.parse(JSON.parse(line));
    } catch (error) {
      throw new PoolFailedError(this.name, 'the pool sent an invalid answer', {
        hint: `this pool was probably started by another release of vmlet; to end the pool, run: kill ${this.process.pid}`,
        cause: error,
      });
    }
  }

  #refusal(connection: Socket, answer: Answer): PoolFailedError {
    connection.destroy();
    return refusalOf(this.name, answer);
  }
}

/** The pools that processes of this user serve now, sorted by name. */
export function listPools(): NamedPool[] {
  return poolsAt(ownLocations());
}

/** The same, of these locations. */
export function poolsAt(locations: Pick<Locations, 'runtime'>): NamedPool[] {
  const parent = poolsDirectory(locations);
  // Another user's directory holds no pools of ours.
  const names = unlessMissing(() => readdirSync(parent), ['ENOENT', 'ENOTDIR', 'EACCES']) ?? [];
  return names.flatMap((name) => poolIn(parent, name) ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The names of the pools that fork the template in this directory. */
export function poolsOf({ directory }: { readonly directory: string }): string[] {
  return listPools()
    .filter(({ templateDirectory }) => templateDirectory === directory)
    .map(({ name }) => name);
}

/** Opens a pool by its name. @throws PoolNotFoundError. */
export function openPool(name: string): NamedPool {
  const pool = listPools().find((one) => one.name === name);
  if (!pool) throw new PoolNotFoundError(name);
  return pool;
}

/** The output of the pool of `vmlet pool create NAME`; its directory exists then. Old logs of other pools are removed. */
export function poolLog(name: string): string {
  requirePoolName(name);
  removeLogsOfEnded();
  const path = poolLogPath(ownLocations(), name);
  makeDirectories(dirname(path));
  return path;
}

function removeLogsOfEnded(): void {
  const running = listPools().map(({ name }) => name);
  removeOldPoolLogs(ownLocations(), running);
}

/** @throws InvalidInputError. */
export function requirePoolName(name: string): void {
  if (hostNameSchema.safeParse(name).success) return;
  throw new InvalidInputError('name', `invalid pool name: ${JSON.stringify(name)}`, {
    hint: 'use at most 63 letters, digits and hyphens, and no hyphen at either end',
  });
}

export function poolsDirectory({ runtime }: Pick<Locations, 'runtime'>): string {
  return join(runtime, 'pools');
}

function poolIn(parent: string, directoryName: string): NamedPool | undefined {
  const owner = ownerInName(directoryName);
  if (!owner || !isAlive(owner)) return undefined;
  const directory = join(parent, directoryName);
  const record = readPoolRecord(directory);
  return record && new NamedPool(record, poolFiles(directory).socket, owner);
}
