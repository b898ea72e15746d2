import type { NamedPlan } from '../machine/named-plan.ts';
import type { Outcome } from '../machine/outcome.ts';
import type { BoundForward } from '../passt/port.ts';
import type { QmpClient } from '../qmp/index.ts';
import type { Definition } from './definition.ts';
import type { MachineFiles } from './machine-files.ts';
import { readPlan } from './machine-plan-file.ts';
import type { MachineSpec } from './machine-spec.ts';
import type { LostOutcome } from './machine-status.ts';
import type { MonitorOptions } from './monitor.ts';
import type { SaveMachineOptions } from './save.ts';
import type { MachineStopOptions, MachineStopResult } from './stop.ts';

/** A named machine that runs. When it has ended, every method throws MachineStateError. */
export class LiveMachine {
  readonly #definition: Definition;

  constructor(definition: Definition) {
    this.#definition = definition;
  }

  get name(): string {
    return this.spec.name;
  }

  get spec(): MachineSpec {
    return this.#definition.spec;
  }

  get files(): MachineFiles {
    return this.#definition.files;
  }

  /** The choices that its start made. */
  plan(): NamedPlan {
    return readPlan(this.files);
  }

  /** Its forwards, each with the port that was chosen where the spec leaves it open. */
  ports(): BoundForward[] {
    return [...(readPlan(this.files).network?.forwards ?? [])];
  }

  /** Ends it as gently as it lets us, and says which step it took. */
  async stop(options: MachineStopOptions = {}): Promise<MachineStopResult> {
    const { stopMachine } = await import('./stop.ts');
    return stopMachine(this.#definition, options);
  }

  /** Pulls the plug. */
  async kill(): Promise<Outcome | LostOutcome> {
    const { killMachine } = await import('./stop.ts');
    return killMachine(this.#definition);
  }

  /** Writes its memory to a file and ends it; the next start goes on where it was. */
  async save(options: SaveMachineOptions = {}): Promise<void> {
    const { saveMachine } = await import('./save.ts');
    await saveMachine(this.#definition, options);
  }

  /** Stops its processors; memory and connections stay. */
  async pause(options: MonitorOptions = {}): Promise<void> {
    await this.qmp(async (monitor) => monitor.execute('stop'), options);
  }

  async resume(options: MonitorOptions = {}): Promise<void> {
    const { discardSaved } = await import('./save.ts');
    await this.qmp(async (monitor) => {
      // Of a save that was interrupted at its very end: what runs on from here makes it worthless, and dangerous.
      discardSaved(this.#definition);
      await monitor.execute('cont');
    }, options);
  }

  /** Presses the reset button: the guest is not asked. */
  async reset(options: MonitorOptions = {}): Promise<void> {
    await this.qmp(async (monitor) => monitor.execute('system_reset'), options);
  }

  /** Gives QEMU's monitor to `work` for as long as that takes. */
  async qmp<T>(work: (monitor: QmpClient) => Promise<T>, options: MonitorOptions = {}): Promise<T> {
    const { withMonitor } = await import('./monitor.ts');
    return withMonitor(this.#definition, work, options);
  }
}
