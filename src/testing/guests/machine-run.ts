import type { Machine } from '../../machine/running/machine.ts';
import { MachineFaults } from '../faults/machine-faults.ts';
import { GuestAlarm } from './guest-alarm.ts';
import type { TestMachineOptions } from './test-machine.ts';

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
