import type { Locations } from '../machine/locations.ts';
import { type Definition, readDefinition } from './definition.ts';
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
