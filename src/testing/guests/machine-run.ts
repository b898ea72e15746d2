import type { GuestAlarmError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { MachineFaults } from '../faults/machine-faults.ts';
import { type ExpectedAlarm, GuestAlarm } from './guest-alarm.ts';

export interface TestMachineOptions {
  /** Milliseconds of each wait that says nothing else; 30 000 by default. */
  readonly waitTimeoutMs?: number | undefined;
  /** Ends each wait and each script that has no signal of its own: the test's, say. */
  readonly signal?: AbortSignal | undefined;
  /** What the guest may say without failing the test, because the test is about it; nothing by default. */
  readonly expectedAlarms?: readonly ExpectedAlarm[] | undefined;
  /** Is told when the guest's kernel says what fails any test, for a runner that can end the test; once for each boot. */
  readonly onAlarm?: ((error: GuestAlarmError) => void) | undefined;
}

/** One run of a machine under test, from its start to its end, with what watches it. */
export class MachineRun implements AsyncDisposable {
  readonly machine: Machine;
  readonly alarm: GuestAlarm;
  readonly faults: MachineFaults;
  /** Ends what is done with the machine: the test's own signal, or the alarm. */
  readonly signal: AbortSignal;

  constructor(machine: Machine, { signal, expectedAlarms, onAlarm }: TestMachineOptions) {
    this.machine = machine;
    this.alarm = new GuestAlarm(machine, { expect: expectedAlarms, onAlarm });
    this.faults = new MachineFaults(machine);
    this.signal = signal ? AbortSignal.any([signal, this.alarm.signal]) : this.alarm.signal;
  }

  /** Settles as `work` does; where the guest has raised the alarm, with that. */
  async guard<T>(work: PromiseLike<T>): Promise<T> {
    return this.alarm.guard(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine.kill();
    this.alarm[Symbol.dispose]();
  }
}
