import { GuestAlarmError, type GuestAlarmKind, MachineEndedError } from '../../errors/index.ts';
import { type OutOfSpace, describeOutOfSpace } from '../../machine/life/out-of-space.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { Scope } from '../../util/scope.ts';
import { Tail } from '../../util/tail.ts';
import { alarmOf } from './alarm-lines.ts';
import { matches } from '../probes/probe-pattern.ts';

/** A kind of alarm, or a pattern of lines that are no alarm. */
export type ExpectedAlarm = GuestAlarmKind | RegExp;

export interface GuestAlarmOptions {
  /** What is not to raise the alarm, because the test is about it; nothing by default. */
  readonly expect?: readonly ExpectedAlarm[] | undefined;
  /** Is told when the alarm is raised; for what was on the console already, before the constructor returns. */
  readonly onAlarm?: ((error: GuestAlarmError) => void) | undefined;
}

const KEPT_LINES = 20;
const LINE_LENGTH = 4096;
/** QEMU's word of a panic and the console come over two sockets, and the lines that say why may be read later. */
const LINES_LATER_MS = 200;

const HINTS: Readonly<Record<GuestAlarmKind, string>> = {
  panic: 'the serial console has the lines before it',
  oops: 'the serial console has the rest of it',
  bug: 'the serial console has the rest of it',
  'oom-kill': 'give the guest more memory; dmesg in the guest says what used it',
  'no-space': 'make room where machines keep their disks; vmlet system df tells what takes it',
};

/**
 * Watches what a guest's kernel says on the serial console, and QEMU's word of a panic and of a host without space, and
 * raises the alarm once for what fails any test: a panic, an oops, a bug that the kernel found in itself, a process killed
 * for lack of memory, a guest that stands still because its disks find no room on the host.
 * What was on the console before it was made counts too. It ends with the machine, or when it is disposed of.
 */
export class GuestAlarm implements Disposable {
  /** Aborts when the alarm is raised; its reason is a GuestAlarmError. */
  readonly signal: AbortSignal;
  readonly #machine: RunningMachine;
  readonly #expected: ExpectedAlarm[];
  readonly #onAlarm: GuestAlarmOptions['onAlarm'];
  readonly #controller = new AbortController();
  readonly #scope = new Scope();
  readonly #lines: string[] = [];
  #hasSaidExpectedPanic = false;

  constructor(machine: RunningMachine, { expect = [], onAlarm }: GuestAlarmOptions = {}) {
    this.#machine = machine;
    this.#expected = [...expect];
    this.#onAlarm = onAlarm;
    this.signal = this.#controller.signal;
    const coming = new Tail({ lines: 1, lineLength: LINE_LENGTH });
    this.#scope.defer(
      machine.console.onOutput((chunk) => coming.push(chunk).forEach((line) => this.#look(line))),
    );
    this.#scope.defer(machine.qmp.on('GUEST_PANICKED', () => this.#panicked()));
    this.#scope.defer(machine.onOutOfSpace((what) => this.#outOfSpace(what)));
    if (machine.outOfSpace) this.#outOfSpace(machine.outOfSpace);
    machine.console.last(Infinity).forEach((line) => this.#look(line));
    // Its end is told by who waits for it; a failed clean-up by who ended it.
    void machine.ended.then(
      ({ kind }) => kind === 'panic' && this.#panicked(),
      () => undefined,
    );
  }

  /** What was raised; undefined while all is well. */
  get error(): GuestAlarmError | undefined {
    return this.signal.reason as GuestAlarmError | undefined;
  }

  /** The lines of alarms, also of those that were expected, oldest first; the last 20. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** From now on these raise no alarm. */
  expect(...expected: readonly ExpectedAlarm[]): void {
    this.#expected.push(...expected);
  }

  /** @throws GuestAlarmError when it has been raised. */
  throwIfRaised(): void {
    this.signal.throwIfAborted();
  }

  /**
   * Settles as `work` does, or rejects as soon as the alarm is raised. It does not stop `work`: its owner does.
   * @throws GuestAlarmError, or what `work` rejects with.
   */
  async guard<T>(work: PromiseLike<T>): Promise<T> {
    this.throwIfRaised();
    const raised = deferred<never>();
    const forget = onAbort(this.signal, raised.reject);
    try {
      return await Promise.race([work, raised.promise]);
    } catch (error) {
      // A panic ends the machine, and that may be known first.
      if (error instanceof MachineEndedError && error.outcome.kind === 'panic') this.#raisePanic();
      throw this.error ?? error;
    } finally {
      forget();
    }
  }

  [Symbol.dispose](): void {
    // Every step is synchronous.
    void this.#scope.close();
  }

  #look(line: string): void {
    const kind = alarmOf(line);
    if (kind === undefined) return;
    this.#lines.push(line.trim());
    this.#lines.splice(0, this.#lines.length - KEPT_LINES);
    if (!this.#isExpected(kind, line)) this.#raise(kind, this.#lines);
    else if (kind === 'panic') this.#hasSaidExpectedPanic = true;
  }

  #outOfSpace(what: OutOfSpace): void {
    if (!this.#isExpected('no-space')) this.#raise('no-space', [describeOutOfSpace(what)]);
  }

  #panicked(): void {
    const timer = setTimeout(() => this.#raisePanic(), LINES_LATER_MS);
    this.#scope.defer(() => clearTimeout(timer));
  }

  #raisePanic(): void {
    if (!this.#hasSaidExpectedPanic && !this.#isExpected('panic')) this.#raise('panic', this.#lines);
  }

  #raise(kind: GuestAlarmKind, lines: readonly string[]): void {
    if (this.error) return;
    const { name } = this.#machine;
    const error = new GuestAlarmError(name, kind, [...lines], { hint: HINTS[kind] });
    this.#controller.abort(error);
    this.#onAlarm?.(error);
  }

  #isExpected(kind: GuestAlarmKind, line?: string): boolean {
    return this.#expected.some((one) =>
      typeof one === 'string' ? one === kind : line !== undefined && matches(line, one),
    );
  }
}
