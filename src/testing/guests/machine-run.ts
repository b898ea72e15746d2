import { type GuestAlarmError, VmletError } from '../../errors/index.ts';
import type { Outcome } from '../../machine/life/outcome.ts';
import { writesVolumes } from '../../machine/plan/plan.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { MachineFaults } from '../faults/machine-faults.ts';
import type { GuestRun } from '../probes/guest-run.ts';
import { alarmOf } from './alarm-lines.ts';
import { type ExpectedAlarm, GuestAlarm } from './guest-alarm.ts';

/** A guest that takes longer hangs; the end of a test should not. */
const RELEASE_MS = 20_000;

/** Options of a machine under test. */
export interface TestMachineOptions {
  /** Default time limit of a wait in milliseconds; 30 000 by default. */
  readonly waitTimeoutMs?: number | undefined;
  /** Ends waits and scripts that have no signal of their own, for example the test's signal. */
  readonly signal?: AbortSignal | undefined;
  /** Events that do not fail the test, because the test is about them; none by default. */
  readonly expectedAlarms?: readonly ExpectedAlarm[] | undefined;
  /** Called when the guest's kernel reports an event that fails any test, so that a runner can end the test; once per boot. */
  readonly onAlarm?: ((error: GuestAlarmError) => void) | undefined;
}

/** One run of a machine under test, from its start to its end, with its alarm and faults. */
export class MachineRun implements GuestRun, AsyncDisposable {
  readonly machine: Machine;
  readonly alarm: GuestAlarm;
  readonly faults: MachineFaults;
  /** Aborts work on the machine: the test's own signal, or the alarm. */
  readonly signal: AbortSignal;

  constructor(machine: Machine, { signal, expectedAlarms, onAlarm }: TestMachineOptions) {
    this.machine = machine;
    this.alarm = new GuestAlarm(machine, { expect: expectedAlarms, onAlarm });
    this.faults = new MachineFaults(machine);
    this.signal = signal ? AbortSignal.any([signal, this.alarm.signal]) : this.alarm.signal;
  }

  get guest(): Machine {
    return this.machine;
  }

  get ended(): Promise<Outcome> {
    return this.machine.ended;
  }

  /** Settles like `work`, or rejects with the guest's alarm. */
  async guard<T>(work: PromiseLike<T>): Promise<T> {
    return this.alarm.guard(work);
  }

  /**
   * Ends the machine: at once, unless it has volumes that it can write back.
   * @throws TimedOutError when the guest does not write them back, such as one that hangs; the machine is ended anyway.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (writesVolumes(this.machine.plan) && !this.#hasPanicked) await this.#releaseVolumes();
      else await this.machine.kill();
    } finally {
      this.alarm[Symbol.dispose]();
    }
  }

  get #hasPanicked(): boolean {
    return this.alarm.lines.some((line) => alarmOf(line) === 'panic');
  }

  async #releaseVolumes(): Promise<void> {
    // If the host has no space for its disks, it stops again. The disposal reports a failed clean-up.
    const kill = (): void => void this.machine.kill().catch(() => undefined);
    const stopListening = this.machine.onOutOfSpace(kill);
    const waiting = `waiting for ${this.machine.name} to write its volumes back`;
    try {
      await withinLimits(waiting, this.#resumeAndEnd(), { timeoutMs: RELEASE_MS });
    } catch (error) {
      await this.machine.kill();
      throw error;
    } finally {
      stopListening();
    }
  }

  async #resumeAndEnd(): Promise<void> {
    await this.faults.endForWriteback().catch((error: unknown) => {
      // It has ended; a guest that stays paused exceeds the time limit.
      if (!(error instanceof VmletError)) throw error;
    });
    await this.machine[Symbol.asyncDispose]();
  }
}
