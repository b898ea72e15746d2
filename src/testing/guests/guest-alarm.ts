import { GuestAlarmError, type GuestAlarmKind, MachineEndedError } from '../../errors/index.ts';
import { type OutOfSpace, describeOutOfSpace } from '../../machine/life/out-of-space.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { Scope } from '../../util/scope.ts';
import { Tail } from '../../process/output/tail.ts';
import { alarmOf } from './alarm-lines.ts';
import { matches } from '../probes/probe-pattern.ts';

/** A kind of alarm, or a pattern of lines to ignore. */
export type ExpectedAlarm = GuestAlarmKind | RegExp;

/** Options of a guest's alarm. */
export interface GuestAlarmOptions {
  /** Expected events, which raise no alarm; none by default. */
  readonly expect?: readonly ExpectedAlarm[] | undefined;
  /** Called when the alarm is raised; for earlier lines on the console, before the constructor returns. */
  readonly onAlarm?: ((error: GuestAlarmError) => void) | undefined;
}

const KEPT_LINES = 20;
const LINE_LENGTH = 4096;
/** QEMU's panic event and the console use two sockets; the explaining lines may be read later. */
const LINES_LATER_MS = 200;

const READ_CONSOLE =
  'read the serial console: machine.console in the test, or the file console.log in the logs of the failed test';

const HINTS: Readonly<Record<GuestAlarmKind, string>> = {
  panic: `to see the lines before the panic, ${READ_CONSOLE}`,
  oops: `to see the full report, ${READ_CONSOLE}`,
  bug: `to see the full report, ${READ_CONSOLE}`,
  'oom-kill': 'give the guest more memory; to see what used the memory, run in the guest: dmesg',
  'no-space': 'free some space on the host; to see what vmlet uses, run: vmlet system df',
};

/**
 * Watches a guest's serial console, and QEMU's events for a panic and for a full file system on the host. Raises an alarm
 * once, for events that fail any test: a panic, an oops, a kernel bug, a process killed for lack of memory, a guest paused
 * because the host has no space for its disks.
 * Earlier lines on the console count too. It ends with the machine, or when it is disposed.
 */
export class GuestAlarm implements Disposable {
  /** Aborts when the alarm is raised; the reason is a GuestAlarmError. */
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
    // Callers that wait for the end report it; a failed clean-up is reported by the caller that ended it.
    void machine.ended.then(
      ({ kind }) => kind === 'panic' && this.#panicked(),
      () => undefined,
    );
  }

  /** The alarm; undefined until it is raised. */
  get error(): GuestAlarmError | undefined {
    return this.signal.reason as GuestAlarmError | undefined;
  }

  /** Lines of all alarms, including expected ones, oldest first; the last 20. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The events that raise no alarm. */
  get expected(): readonly ExpectedAlarm[] {
    return this.#expected;
  }

  /** Makes these events raise no alarm from now on, also after `crash` and `start` of a TestMachine. */
  expect(...expected: readonly ExpectedAlarm[]): void {
    this.#expected.push(...expected);
  }

  /** @throws GuestAlarmError when the alarm has been raised. */
  throwIfRaised(): void {
    this.signal.throwIfAborted();
  }

  /**
   * Settles like `work`, or rejects as soon as the alarm is raised. Does not stop `work`; its owner has to.
   * @throws GuestAlarmError, or the error of `work`.
   */
  async guard<T>(work: PromiseLike<T>): Promise<T> {
    // Work that begins after the alarm may reject with it, and nothing else awaits the work.
    if (this.error) work.then(undefined, () => undefined);
    this.throwIfRaised();
    const raised = deferred<never>();
    const forget = onAbort(this.signal, raised.reject);
    try {
      return await Promise.race([work, raised.promise]);
    } catch (error) {
      // A panic ends the machine, and the end may be noticed first.
      if (error instanceof MachineEndedError && error.outcome.kind === 'panic') this.#raisePanic();
      throw this.error ?? error;
    } finally {
      forget();
    }
  }

  /** Stops watching the guest. */
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
