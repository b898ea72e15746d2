import { TimedOutError } from '../errors.ts';
import type { Limits } from '../util/deadline.ts';
import { onAbort } from '../util/on-abort.ts';
import type { CallSite } from './call-site.ts';

/**
 * In-band commands at QEMU at a time, at most. With OOB enabled, QEMU stops reading when its queue holds 8
 * (QMP_REQ_QUEUE_LEN_MAX in monitor/monitor-internal.h), and then an out-of-band command would wait as well:
 * measured, behind one blocked command 7 more let it through and 8 do not.
 */
const IN_BAND_LIMIT = 8;

/** Ids are used again once answered: each byte costs QEMU 4 µs, so they are kept to one digit where possible. */
const FIRST_IDS = Array.from({ length: IN_BAND_LIMIT + 2 }, (_, id) => id);

export interface Command {
  readonly name: string;
  readonly outOfBand: boolean;
  /** The request's text up to the id. */
  readonly head: string;
  readonly site: CallSite;
  readonly limits: Limits;
}

interface Waiter extends Command {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  disarm: () => void;
  /** Answered, timed out or aborted: nobody waits, but QEMU may still answer. */
  settled: boolean;
}

/** Commands on their way: those that wait for a place, and those that QEMU has. */
export class CommandWindow {
  readonly #write: (text: string) => void;
  readonly #queue = new Set<Waiter>();
  readonly #inFlight = new Map<number, Waiter>();
  readonly #freeIds = [...FIRST_IDS];
  #nextId = FIRST_IDS.length;
  #inBand = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Registers the waiter, then sends: the reply may be in the very next read. */
  async run(command: Command): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { ...command, resolve, reject, disarm: nothing, settled: false };
      if (!this.#arm(waiter)) return;
      if (!waiter.outOfBand && this.#inBand >= IN_BAND_LIMIT) this.#queue.add(waiter);
      else this.#send(waiter);
    });
  }

  /** @returns false when no such command is in flight: the peer lies. */
  settleReply(
    id: unknown,
    settle: (waiter: Pick<Waiter, 'name' | 'site' | 'resolve' | 'reject'>) => void,
  ): boolean {
    const waiter = this.#inFlight.get(id as number);
    if (!waiter) return false;
    this.#inFlight.delete(id as number);
    this.#freeIds.push(id as number);
    if (!waiter.outOfBand) {
      this.#inBand--;
      this.#sendNext();
    }
    if (!waiter.settled) {
      finish(waiter);
      settle(waiter);
    }
    return true;
  }

  /** The id that an error reply without id most likely belongs to: in-band commands are answered in order. */
  oldestId(): number | undefined {
    let oldest: number | undefined;
    for (const [id, waiter] of this.#inFlight) {
      if (!waiter.outOfBand) return id;
      oldest ??= id;
    }
    return oldest;
  }

  /** Fulfils what is in flight under this name; used for `quit`, which the end of the stream answers too. */
  resolveAll(name: string, value: unknown): void {
    for (const waiter of this.#inFlight.values()) {
      if (waiter.name !== name || waiter.settled) continue;
      finish(waiter);
      waiter.resolve(value);
    }
  }

  rejectAll(explain: (what: string) => Error): void {
    for (const waiter of [...this.#inFlight.values(), ...this.#queue]) {
      if (waiter.settled) continue;
      finish(waiter);
      waiter.reject(waiter.site.blame(explain(waiter.name)));
    }
    this.#inFlight.clear();
    this.#queue.clear();
  }

  #send(waiter: Waiter): void {
    const id = this.#freeIds.shift() ?? this.#nextId++;
    this.#inFlight.set(id, waiter);
    if (!waiter.outOfBand) this.#inBand++;
    this.#write(`${waiter.head},"id":${id}}`);
  }

  #sendNext(): void {
    for (const waiter of this.#queue) {
      this.#queue.delete(waiter);
      this.#send(waiter);
      return;
    }
  }

  /** @returns false when the signal is aborted already. */
  #arm(waiter: Waiter): boolean {
    const { timeoutMs, signal } = waiter.limits;
    if (timeoutMs === undefined && signal === undefined) return true;
    const giveUp = (error: unknown): void => {
      finish(waiter);
      this.#queue.delete(waiter);
      waiter.reject(error);
    };
    if (signal?.aborted) {
      giveUp(signal.reason);
      return false;
    }
    const timer =
      timeoutMs !== undefined &&
      setTimeout(() => giveUp(waiter.site.blame(timedOut(waiter, timeoutMs))), timeoutMs);
    const stopWaiting = signal && onAbort(signal, giveUp);
    waiter.disarm = () => {
      if (timer) clearTimeout(timer);
      stopWaiting?.();
    };
    return true;
  }
}

function finish(waiter: Waiter): void {
  waiter.settled = true;
  waiter.disarm();
}

function timedOut(command: Command, timeoutMs: number): TimedOutError {
  return new TimedOutError(command.name, timeoutMs, {
    hint: 'QEMU is stopped, stuck or busy with an earlier command; this command may still take effect later',
  });
}

function nothing(): void {
  // Most commands have neither time limit nor signal.
}
