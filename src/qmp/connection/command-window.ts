import { TimedOutError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { startTimer } from '../../util/time/timer.ts';

/**
 * Maximum number of in-band commands sent to QEMU at a time. With OOB enabled, QEMU stops reading when its
 * queue holds 8 (QMP_REQ_QUEUE_LEN_MAX in monitor/monitor-internal.h), which would delay an out-of-band
 * command as well: measured, behind one blocked command 7 more let it through and 8 do not.
 */
const IN_BAND_LIMIT = 8;

/**
 * QEMU reads byte by byte, at 4 µs each. So a command sent while no other is in flight has no ID, which saves
 * a sixth of a short round trip, and answered IDs are reused to keep them at one digit.
 */
const FIRST_IDS = Array.from({ length: IN_BAND_LIMIT + 2 }, (_, id) => id);

export interface Command {
  readonly name: string;
  readonly outOfBand: boolean;
  /** The request's text up to the ID. */
  readonly head: string;
  readonly limits: Limits;
  /** Sends the request in another way; if that fails, the command fails. */
  readonly deliver?: ((text: string) => Promise<void>) | undefined;
}

/**
 * The outcome of a command. A failure is explained where the caller awaits it, not where it is noticed: only
 * there is the caller's stack available without recording it, which costs 15 µs a command.
 */
export type Outcome =
  | { readonly failed: false; readonly value: unknown }
  | { readonly failed: true; readonly explain: () => Error };

interface Waiter extends Command {
  readonly settle: (outcome: Outcome) => void;
  disarm: () => void;
  /** Answered, timed out or aborted: no caller waits, but QEMU may still answer. */
  settled: boolean;
}

/** Pending commands: queued ones, and those sent to QEMU. */
export class CommandWindow {
  readonly #write: (text: string) => void;
  readonly #queue = new Set<Waiter>();
  /** In the order of sending; at most one has no ID, and that is the oldest. */
  readonly #inFlight = new Map<number | undefined, Waiter>();
  readonly #freeIds = [...FIRST_IDS];
  #nextId = FIRST_IDS.length;
  #inBand = 0;
  #held = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Registers the waiter before sending: the reply may be in the very next read. */
  run(command: Command, settle: (outcome: Outcome) => void): void {
    const waiter: Waiter = { ...command, settle, disarm: nothing, settled: false };
    if (!this.#arm(waiter)) return;
    if (!command.outOfBand && (this.#held || this.#inBand >= IN_BAND_LIMIT)) this.#queue.add(waiter);
    else this.#send(waiter);
  }

  /** From now on in-band commands are queued here. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#sendNext();
  }

  /** @returns false when no such command is in flight: the peer violates the protocol. */
  settleReply(id: unknown, read: (name: string) => Outcome): boolean {
    const key = id as number | undefined;
    const waiter = this.#inFlight.get(key);
    if (!waiter) return false;
    this.#inFlight.delete(key);
    if (key !== undefined) this.#freeIds.push(key);
    if (!waiter.outOfBand) {
      this.#inBand--;
      this.#sendNext();
    }
    if (!waiter.settled) finish(waiter, read(waiter.name));
    return true;
  }

  /** Returns the ID that an error reply without one belongs to: in-band commands are answered in order. */
  oldestId(): number | undefined {
    for (const [id, waiter] of this.#inFlight) if (!waiter.outOfBand) return id;
    return this.#inFlight.keys().next().value;
  }

  /** Resolves the pending commands of this name; used for `quit`, which the end of the stream answers too. */
  resolveAll(name: string, value: unknown): void {
    for (const waiter of [...this.#inFlight.values(), ...this.#queue]) {
      if (waiter.name === name && !waiter.settled) finish(waiter, { failed: false, value });
    }
  }

  failAll(explain: (what: string) => Error): void {
    for (const waiter of [...this.#inFlight.values(), ...this.#queue]) {
      if (!waiter.settled) finish(waiter, { failed: true, explain: () => explain(waiter.name) });
    }
    this.#inFlight.clear();
    this.#queue.clear();
  }

  #send(waiter: Waiter): void {
    const id =
      this.#inFlight.size === 0 && !waiter.outOfBand ? undefined : (this.#freeIds.shift() ?? this.#nextId++);
    this.#inFlight.set(id, waiter);
    if (!waiter.outOfBand) this.#inBand++;
    const text = id === undefined ? `${waiter.head}}` : `${waiter.head},"id":${id}}`;
    if (waiter.deliver) waiter.deliver(text).catch((error: unknown) => this.#takeBack(id, waiter, error));
    else this.#write(text);
  }

  /** Removes a command that QEMU has never seen. */
  #takeBack(id: number | undefined, waiter: Waiter, error: unknown): void {
    const isGone = this.#inFlight.get(id) !== waiter;
    if (!waiter.settled) finish(waiter, { failed: true, explain: () => error as Error });
    if (!isGone) this.settleReply(id, () => ({ failed: false, value: undefined }));
  }

  #sendNext(): void {
    for (const waiter of this.#queue) {
      if (this.#held || this.#inBand >= IN_BAND_LIMIT) return;
      this.#queue.delete(waiter);
      this.#send(waiter);
    }
  }

  /** @returns false when the signal is already aborted. */
  #arm(waiter: Waiter): boolean {
    const { timeoutMs, signal } = waiter.limits;
    if (timeoutMs === undefined && signal === undefined) return true;
    const giveUp = (explain: () => Error): void => {
      this.#queue.delete(waiter);
      finish(waiter, { failed: true, explain });
    };
    const aborted = (reason: unknown): void => giveUp(() => reason as Error);
    if (signal?.aborted) {
      aborted(signal.reason);
      return false;
    }
    const stopTimer =
      timeoutMs === undefined
        ? undefined
        : startTimer(timeoutMs, () => giveUp(() => timedOut(waiter, timeoutMs)));
    const stopWaiting = signal && onAbort(signal, aborted);
    waiter.disarm = () => {
      stopTimer?.();
      stopWaiting?.();
    };
    return true;
  }
}

function finish(waiter: Waiter, outcome: Outcome): void {
  waiter.settled = true;
  waiter.disarm();
  waiter.settle(outcome);
}

function timedOut(command: Command, timeoutMs: number): TimedOutError {
  return new TimedOutError(command.name, timeoutMs, {
    hint: 'check whether QEMU is stopped, stuck or busy with an earlier command; this command may still take effect later',
  });
}

function nothing(): void {
  // Most commands have neither a time limit nor a signal.
}
