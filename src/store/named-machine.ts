import type { Locations } from '../machine/locations.ts';
import type { ChangedSpec, MachineChanges } from './changes.ts';
import { type Definition, readDefinition } from './definition.ts';
import { renameMachine, setMachine } from './edit.ts';
import { LiveMachine } from './live-machine.ts';
import type { MachineFiles } from './machine-files.ts';
import type { MachineSpec } from './machine-spec.ts';
import { type MachineStatus, readStatus } from './machine-status.ts';
import { notRunning } from './monitor.ts';
import { type StartDryRun, dryRunStart } from './start-dry-run.ts';
import { type StartOptions, startMachine } from './start.ts';

/** A machine of the store, whatever it does just now. */
export class NamedMachine {
  readonly #locations: Locations;
  readonly #definition: Definition;

  constructor(locations: Locations, definition: Definition) {
    this.#locations = locations;
    this.#definition = definition;
  }

  get name(): string {
    return this.spec.name;
  }

  /** As it was when the machine was looked up. */
  get spec(): MachineSpec {
    return this.#definition.spec;
  }

  /** Where everything of it lies. */
  get files(): MachineFiles {
    return this.#definition.files;
  }

  /** What it does just now. */
  status(): MachineStatus {
    return readStatus(this.files);
  }

  /**
   * Starts it, or goes on with its saved state. It lives on when this process ends.
   * @throws MachineBusyError, MachineStateError, LaunchError, PortTakenError, or the signal's reason; nothing of the
   *   start runs then.
   */
  async start(options: StartOptions = {}): Promise<LiveMachine> {
    const definition = await startMachine(this.#locations, this.name, options);
    return new LiveMachine(definition);
  }

  /**
   * Changes what it is; one that runs has most of it with its next start.
   * @throws InvalidInputError, MachineBusyError
   */
  async set(changes: MachineChanges): Promise<ChangedSpec> {
    return setMachine(this.#locations, this.name, changes);
  }

  /** @throws MachineStateError when it runs, MachineExistsError, MachineBusyError, InvalidInputError */
  async rename(newName: string): Promise<NamedMachine> {
    await renameMachine(this.#locations, this.name, newName);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /**
   * Says what `start` would do, and does nothing of it.
   * @throws what `start` throws before it starts anything.
   */
  async dryRun(): Promise<StartDryRun> {
    return dryRunStart(this.#locations, this.#definition);
  }

  /** The machine as one that runs. @throws MachineStateError when it does not. */
  live(): LiveMachine {
    const status = this.status();
    if (status.kind !== 'running') throw notRunning(this.name, status.kind);
    return new LiveMachine(readDefinition(this.#locations, this.name));
  }
}
