import { MachineStateError } from '../errors.ts';
import type { Locations } from '../machine/locations.ts';
import type { BoundForward, PortForward, PortInput } from '../passt/port.ts';
import type { Limits } from '../util/deadline.ts';
import type { ChangedSpec, MachineChanges } from './changes.ts';
import type { CloneOptions } from './clone.ts';
import { type Definition, readDefinition } from './definition.ts';
import { plannedPorts } from './forwards.ts';
import { LiveMachine } from './live-machine.ts';
import type { MachineFiles } from './machine-files.ts';
import type { MachineSpec } from './machine-spec.ts';
import { type MachineStatus, readStatus } from './machine-status.ts';
import { notRunning } from './not-running.ts';
import type { StartDryRun } from './start-dry-run.ts';
import type { StartOptions } from './start.ts';

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
    const { startMachine } = await import('./start.ts');
    const definition = await startMachine(this.#locations, this.name, options);
    return new LiveMachine(definition);
  }

  /**
   * Goes on with its saved memory.
   * @throws MachineStateError when it has none, and what `start` throws.
   */
  async restore(options: StartOptions = {}): Promise<LiveMachine> {
    const { kind } = this.status();
    if (kind !== 'saved') {
      throw new MachineStateError(this.name, kind, 'has no saved memory', {
        hint: `vmlet start ${this.name} boots it`,
      });
    }
    return this.start(options);
  }

  /**
   * Changes what it is; one that runs has most of it with its next start.
   * @throws InvalidInputError, MachineBusyError
   */
  async set(changes: MachineChanges): Promise<ChangedSpec> {
    const { setMachine } = await import('./edit.ts');
    return setMachine(this.#locations, this.name, changes);
  }

  /**
   * Publishes more ports; where it runs, at once. See `addPorts` for what each backend does to open connections.
   * @throws InvalidInputError, PortTakenError, MachineBusyError
   */
  async addPorts(
    ports: readonly PortInput[],
    limits: Limits = {},
  ): Promise<readonly (PortForward | BoundForward)[]> {
    const { addPorts } = await import('./ports.ts');
    return addPorts(this.#locations, this.name, ports, limits);
  }

  /** Takes forwards away; undefined for all. @throws InvalidInputError for one that is not there. */
  async removePorts(
    ports: readonly string[] | undefined,
    limits: Limits = {},
  ): Promise<readonly PortForward[]> {
    const { removePorts } = await import('./ports.ts');
    return removePorts(this.#locations, this.name, ports, limits);
  }

  /** What it publishes: with all host ports known where it runs. */
  ports(): readonly (PortForward | BoundForward)[] {
    return this.status().kind === 'running' ? this.live().ports() : plannedPorts(this.spec);
  }

  /** @throws MachineStateError when it runs, MachineExistsError, MachineBusyError, InvalidInputError */
  async rename(newName: string): Promise<NamedMachine> {
    const { renameMachine } = await import('./edit.ts');
    await renameMachine(this.#locations, this.name, newName);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /**
   * Makes a machine like this one, which must not run; see `CloneOptions`.
   * @throws MachineStateError, MachineExistsError, MachineBusyError, InvalidInputError, NoSpaceError
   */
  async clone(newName: string, options: CloneOptions = {}): Promise<NamedMachine> {
    const { cloneMachine } = await import('./clone.ts');
    await cloneMachine(this.#locations, this.name, newName, options);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /**
   * Says what `start` would do, and does nothing of it.
   * @throws what `start` throws before it starts anything.
   */
  async dryRun(): Promise<StartDryRun> {
    const { dryRunStart } = await import('./start-dry-run.ts');
    return dryRunStart(this.#locations, this.#definition);
  }

  /** The machine as one that runs. @throws MachineStateError when it does not. */
  live(): LiveMachine {
    const status = this.status();
    if (status.kind !== 'running') throw notRunning(this.name, status.kind);
    return new LiveMachine(readDefinition(this.#locations, this.name));
  }
}
