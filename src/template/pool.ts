import { InvalidInputError } from '../errors/index.ts';
import type { Machine } from '../machine/running/machine.ts';
import type { PendingFork } from './pending-fork.ts';
import { type ForkOptions, timeoutOf } from './fork-options.ts';
import type { Template } from './template.ts';

export interface PoolOptions extends Omit<ForkOptions, 'name' | 'networks'> {
  /** How many forks wait, 1 to 64; 2 by default. Each is a QEMU that holds some 40 MiB until it is taken. */
  readonly size?: number;
  /**
   * Forks have gone on already before they wait, and stand still: each is a machine of its own that has run a command,
   * so that taking one costs a few milliseconds. They can be in no private `networks`, and what the guest does as it
   * goes on is in its memory, which is not shared then. False by default.
   */
  readonly warm?: boolean;
}

const DEFAULT_SIZE = 2;
const LARGEST_SIZE = 64;

/**
 * Starts forks of a template before they are asked for. It is full when `size` of them wait, and makes itself full
 * again in the background.
 * @throws InvalidInputError.
 */
export function createPool(
  template: Template,
  { size = DEFAULT_SIZE, warm = false, ...options }: PoolOptions = {},
): Pool {
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_SIZE) {
    throw new InvalidInputError('size', `${size}: expected a whole number from 1 to ${LARGEST_SIZE}`);
  }
  return new Pool(template, { size, warm }, options);
}

/** Forks that are started and wait, so that taking one costs only the restoring of its memory, or less where it is warm. */
export class Pool implements AsyncDisposable {
  readonly template: Template;
  /** How many wait when it is full. */
  readonly size: number;
  readonly warm: boolean;
  readonly #options: ForkOptions;
  readonly #closing = new AbortController();
  /** Oldest first; those that could not be started too, so that who takes one is told. */
  #waiting: Promise<PendingFork>[] = [];
  #filling: Promise<void> | undefined;

  constructor(template: Template, { size, warm }: { size: number; warm: boolean }, options: ForkOptions) {
    this.template = template;
    this.size = size;
    this.warm = warm;
    this.#options = options;
    this.#fill();
  }

  /** How many wait just now, those that are being started included. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Settles when it is full; rejects with why a fork cannot be started. */
  async full(): Promise<void> {
    await this.#filling;
    await Promise.all(this.#waiting);
  }

  /**
   * Lets the oldest fork run; where none waits, one is started. Throws what `Template.fork` does.
   * @param options what goes for this fork instead of what was said to the pool.
   */
  async fork(options: Pick<ForkOptions, 'networks' | 'timeoutMs' | 'signal' | 'log'> = {}): Promise<Machine> {
    this.#closing.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    if (this.warm) refuseNetworks(options);
    const pending = await this.#take();
    const limits = { ...this.#options, ...options };
    try {
      return await pending.run({ ...limits, timeoutMs: timeoutOf(limits) });
    } finally {
      // Not before: the two would share the processor with the fork that somebody waits for.
      this.#fill();
    }
  }

  /** Ends the forks that wait. Those that were taken go on. */
  async close(): Promise<void> {
    this.#closing.abort(new InvalidInputError('pool', 'is closed'));
    await this.#filling;
    const waiting = await Promise.allSettled(this.#waiting);
    this.#waiting = [];
    await Promise.all(
      waiting.map(async (one) => one.status === 'fulfilled' && one.value[Symbol.asyncDispose]()),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #take(): Promise<PendingFork> {
    for (;;) {
      const first = this.#waiting.shift();
      if (!first) return this.#prepare();
      const pending = await first;
      if (await pending.answers()) return pending;
      // Somebody has killed it while it waited.
      await pending[Symbol.asyncDispose]();
    }
  }

  #fill(): void {
    this.#filling ??= this.#startMissing().finally(() => (this.#filling = undefined));
  }

  /** One after the other. */
  async #startMissing(): Promise<void> {
    while (this.#waiting.length < this.size && !this.#closing.signal.aborted) {
      const next = this.#prepare();
      this.#waiting.push(next);
      const isStarted = await next.then(
        () => true,
        () => false,
      );
      // What keeps one from starting would keep the next from it too; it is tried again when one is asked for.
      if (!isStarted) return;
    }
  }

  async #prepare(): Promise<PendingFork> {
    const { signal } = this.#options;
    const signals = [this.#closing.signal, ...(signal ? [signal] : [])];
    const options = { ...this.#options, signal: AbortSignal.any(signals) };
    const pending = await this.template.prepare(options);
    if (this.warm) await pending.warmUp({ ...options, timeoutMs: timeoutOf(options) });
    return pending;
  }
}

function refuseNetworks({ networks = [] }: Pick<ForkOptions, 'networks'>): void {
  if (networks.length === 0) return;
  throw new InvalidInputError('networks', 'a fork of a warm pool runs already, and is in none', {
    hint: 'make the pool without warm',
  });
}
