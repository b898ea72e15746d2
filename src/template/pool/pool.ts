import { freemem } from 'node:os';
import { InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { HandedOver, PendingFork, RunOptions } from '../pending-fork.ts';
import { type ForkOptions, timeoutOf } from '../fork-options.ts';
import { forkName } from '../renew-fork.ts';
import { withPortChoices } from '../../network/ports/port-choices.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { startTimer } from '../../util/time/timer.ts';
import type { Template } from '../template.ts';
import { requirePoolSize } from './new-pool.ts';

/** Options of `createPool`. */
export interface PoolOptions extends Omit<ForkOptions, 'name' | 'mac' | 'networks' | 'signal'> {
  /**
   * How many forks wait, 1 to 64; 2 by default. Each is a QEMU process that uses about 40 MiB until it is taken. No further
   * one is started while the host has less memory available than the guest has; one waits in any case.
   */
  readonly size?: number;
  /**
   * Resume each fork in advance, let it run a command and pause it, so that taking one costs a few milliseconds. Warm
   * forks cannot join private `networks`, and the memory that the guest changes as it resumes is no longer shared.
   * False by default.
   */
  readonly warm?: boolean;
  /**
   * Aborting it ends the forks that were taken without a signal of their own, and no others are started. Close the pool to
   * end those that wait.
   */
  readonly signal?: AbortSignal;
}

const DEFAULT_SIZE = 2;
const WAITING = 'waiting for a fork of the pool';
/** By then, a client in another process has connected to the guest and started its command, which a new fork would delay. */
const REFILL_AFTER_MS = 100;
/** Memory that other programs release is noticed this often. */
const LOOK_AGAIN_MS = 10_000;

/**
 * Starts forks of a template in advance. The pool keeps `size` forks waiting, as far as the host has memory for another,
 * and refills itself in the background.
 * @throws InvalidInputError.
 */
export function createPool(template: Template, options: PoolOptions = {}): Pool {
  return poolOf(template, template.name, options);
}

/** @param name begins the names of the forks. */
export function poolOf(
  template: Template,
  name: string,
  { size = DEFAULT_SIZE, warm = false, ...options }: PoolOptions,
): Pool {
  requirePoolSize(size);
  return new Pool(template, { name, size, warm }, options);
}

/** Forks that are started in advance: taking one only restores its memory, or resumes it where the pool is warm. */
export class Pool implements AsyncDisposable {
  readonly template: Template;
  /** How many forks wait at most. */
  readonly size: number;
  readonly warm: boolean;
  readonly #name: string;
  readonly #options: ForkOptions;
  readonly #closing = new AbortController();
  /** Oldest first. Includes forks that failed to start, so that the next caller of `fork` gets the error. */
  #waiting: Promise<PendingFork>[] = [];
  #filling: Promise<void> | undefined;
  #stopRefillTimer: (() => void) | undefined;
  #stopLookTimer: (() => void) | undefined;
  readonly #availableBytes: () => number;
  #lacksMemory = false;

  /** @param availableBytes reads how much memory of the host is available. */
  constructor(
    template: Template,
    { name, size, warm }: { readonly name: string; readonly size: number; readonly warm: boolean },
    options: ForkOptions,
    availableBytes: () => number = freemem,
  ) {
    this.#availableBytes = availableBytes;
    this.template = template;
    this.#name = name;
    this.size = size;
    this.warm = warm;
    this.#options = options;
    this.#fill();
  }

  /** How many forks wait now, including those that are starting. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves when the pool is full, or as full as the memory of the host allows; rejects with the error of a fork that
   * failed to start, TimedOutError, or the signal's reason. The limits end only this wait.
   */
  async full(limits: Limits = {}): Promise<void> {
    this.#fill();
    const filled = (async () => {
      await this.#filling;
      await Promise.all(this.#waiting);
    })();
    await withinLimits('waiting for the pool to be full', filled, limits);
  }

  /**
   * Runs the oldest waiting fork, or starts one where none waits. Throws what `Template.fork` throws; TimedOutError when
   * `timeoutMs` is given and ends while the fork is still starting.
   * @param options override those of the pool for this fork.
   */
  async fork(options: Pick<ForkOptions, 'networks' | 'timeoutMs' | 'signal' | 'log'> = {}): Promise<Machine> {
    if (this.warm) refuseNetworks(options);
    try {
      return await this.#start(options, async (pending, all) => pending.run(all));
    } finally {
      // Refilled only now: starting another fork would compete for the CPU with the one that the caller waits for.
      this.#fill();
    }
  }

  /** Like `fork`, and gives away the connection to the guest's agent, for a client in another process. */
  async handOver(options: Pick<ForkOptions, 'timeoutMs' | 'signal' | 'log'> = {}): Promise<HandedOver> {
    try {
      return await this.#start(options, async (pending, all) => pending.handOver(all));
    } finally {
      this.#stopRefillTimer ??= startTimer(REFILL_AFTER_MS, () => this.#fill());
    }
  }

  /** Ends the waiting forks. Forks that were taken keep running. */
  async close(): Promise<void> {
    this.#closing.abort(new InvalidInputError('pool', 'already closed'));
    this.#stopTimers();
    await this.#filling;
    const waiting = await Promise.allSettled(this.#waiting);
    this.#waiting = [];
    await Promise.all(
      waiting.map(async (one) => one.status === 'fulfilled' && one.value[Symbol.asyncDispose]()),
    );
  }

  /** Ends the forks that were not taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start<Started>(
    options: Pick<ForkOptions, 'timeoutMs' | 'signal' | 'log'>,
    start: (pending: PendingFork, options: RunOptions) => Promise<Started>,
  ): Promise<Started> {
    this.#closing.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    const all = { ...this.#options, ...options };
    // passt may report a port only when the fork runs. A fork that is started on demand is repeated here, too.
    return withPortChoices(all.log, async () =>
      start(await this.#take(all), { ...all, timeoutMs: timeoutOf(all, this.template.plan.accelerator) }),
    );
  }

  async #take(limits: Limits): Promise<PendingFork> {
    for (;;) {
      const first = this.#waiting.shift();
      const pending = await (first ? this.#await(first, limits) : this.#prepareWithin(limits));
      if (await pending.answers()) return pending;
      // It was killed while it waited.
      await pending[Symbol.asyncDispose]();
    }
  }

  /** A fork for which the caller no longer waits is for the next one. */
  async #await(first: Promise<PendingFork>, limits: Limits): Promise<PendingFork> {
    const waited = withinLimits(WAITING, Promise.allSettled([first]), limits);
    await waited.catch((error: unknown) => {
      this.#waiting.unshift(first);
      throw error;
    });
    return first;
  }

  /** A fork for which the caller no longer waits is ended: the pool starts those that it needs. */
  async #prepareWithin(limits: Limits): Promise<PendingFork> {
    const stop = new AbortController();
    const pending = this.#prepare(stop.signal);
    try {
      return await withinLimits(WAITING, pending, limits);
    } catch (error) {
      stop.abort(error);
      await pending.then(
        async (late) => late[Symbol.asyncDispose](),
        () => undefined,
      );
      throw error;
    }
  }

  #stopTimers(): void {
    this.#stopRefillTimer?.();
    this.#stopLookTimer?.();
    this.#stopRefillTimer = this.#stopLookTimer = undefined;
  }

  #fill(): void {
    this.#stopTimers();
    this.#filling ??= this.#startMissing().finally(() => (this.#filling = undefined));
  }

  /** Starts the missing forks one by one. */
  async #startMissing(): Promise<void> {
    while (this.#waiting.length < this.size && !this.#closing.signal.aborted) {
      if (this.#isShortOfMemory()) return;
      const next = withPortChoices(this.#options.log, async () => this.#prepare());
      this.#waiting.push(next);
      const isStarted = await next.then(
        () => true,
        () => false,
      );
      // The next one would fail for the same reason; the next call of `fork` tries again.
      if (!isStarted) return;
    }
  }

  /**
   * Whether the host has no room for the memory of one more guest. Those that wait and those that were taken may come to
   * need all of theirs, too: what they will need is not known. One waits in any case: a run starts it without a pool, too.
   */
  #isShortOfMemory(): boolean {
    const { memoryBytes } = this.template;
    const availableBytes = this.#availableBytes();
    const wasShort = this.#lacksMemory;
    this.#lacksMemory = this.#waiting.length > 0 && availableBytes < memoryBytes;
    if (!this.#lacksMemory) return false;
    if (!wasShort) {
      const { log } = this.#options;
      log?.warn(
        { memoryBytes, availableBytes },
        'the host has too little memory for more guests of the pool',
      );
    }
    this.#stopLookTimer ??= startTimer(LOOK_AGAIN_MS, () => this.#fill());
    return true;
  }

  async #prepare(stop?: AbortSignal): Promise<PendingFork> {
    const signals = [this.#closing.signal, this.#options.signal, stop].filter((one) => one !== undefined);
    const options = { ...this.#options, name: forkName(this.#name), signal: AbortSignal.any(signals) };
    const pending = await this.template.prepare(options);
    if (this.warm)
      await pending.warmUp({ ...options, timeoutMs: timeoutOf(options, this.template.plan.accelerator) });
    return pending;
  }
}

function refuseNetworks({ networks = [] }: Pick<ForkOptions, 'networks'>): void {
  if (networks.length === 0) return;
  throw new InvalidInputError('networks', 'forks of a warm pool cannot join networks', {
    hint: 'create the pool without warm: true',
  });
}
