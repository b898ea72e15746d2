import { BrokenMachineError, MachineNotFoundError } from '../errors/index.ts';
import type { Locations } from '../machine/paths/locations.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import type { BoundForward } from '../network/ports/port.ts';
import type { CreateLimits } from './life/create.ts';
import type { CreateOptions, NewMachine } from './spec/create-options.ts';
import { machineNames, readDefinition, readSpec } from './record/definition.ts';
import { readPlan } from './record/machine-plan-file.ts';
import type { SystemdUnit } from './life/systemd.ts';
import type { MachineSpec } from './spec/machine-spec.ts';
import { type MachineStatus, readStatus } from './record/machine-status.ts';
import { NamedMachine } from './named-machine.ts';
import type { RemoveOptions, RemoveResult } from './life/remove.ts';
import type { ChangedSshInclude, SshInclude } from './ssh/ssh-include.ts';

/** A line of `vmlet ls`. */
export type ListedMachine =
  | {
      readonly name: string;
      readonly spec: MachineSpec;
      readonly status: MachineStatus;
      /** What it publishes while it runs. */
      readonly ports: readonly BoundForward[];
    }
  /** One whose files cannot be read; the others are listed all the same. */
  | { readonly name: string; readonly problem: string };

/** The named machines of one user. What only some calls need is loaded by them: `vmlet ls` is not to wait for it. */
export class MachineStore {
  readonly #locations: Locations;

  /** @param environment where the XDG variables are; the process's own by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = ownLocations(environment);
  }

  /** The names of all machines, sorted; cheap. */
  names(): string[] {
    return machineNames(this.#locations);
  }

  /** All machines, the broken ones included, by name. */
  list(): ListedMachine[] {
    return this.names()
      .map((name) => this.#look(name))
      .filter((machine) => machine !== undefined);
  }

  /** @throws MachineNotFoundError, BrokenMachineError, InvalidInputError for what cannot be a name. */
  get(name: string): NamedMachine {
    return new NamedMachine(this.#locations, readDefinition(this.#locations, name));
  }

  /**
   * Makes a machine with its disks. It is there whole or not at all.
   * @throws InvalidInputError, MachineExistsError, NoSpaceError, FirmwareNotFoundError, …
   */
  async create(options: CreateOptions, limits: CreateLimits = {}): Promise<NamedMachine> {
    const { createMachine } = await import('./life/create.ts');
    await createMachine(this.#locations, options, limits);
    return this.get(options.name);
  }

  /** The options as they are understood, with their defaults. Nothing is looked at. @throws InvalidInputError */
  async check(options: CreateOptions): Promise<NewMachine> {
    const { parseCreateOptions } = await import('./spec/create-options.ts');
    return parseCreateOptions(options);
  }

  /** Removes a machine, a broken one too; see `RemoveOptions`. */
  async remove(name: string, options: RemoveOptions = {}): Promise<RemoveResult> {
    const { removeMachine } = await import('./life/remove.ts');
    return removeMachine(this.#locations, name, options);
  }

  /** The line that makes plain ssh, scp and rsync know all machines as NAME.vmlet, and the file that it belongs into. */
  async sshInclude(): Promise<SshInclude> {
    const { describeSshInclude } = await import('./ssh/ssh-include.ts');
    return describeSshInclude(this.#locations);
  }

  /** Adds the line to the user's ~/.ssh/config, once. */
  async addSshInclude(): Promise<ChangedSshInclude> {
    const { addSshInclude } = await import('./ssh/ssh-include.ts');
    return addSshInclude(this.#locations);
  }

  /** Takes it out. @throws InvalidInputError where the line includes other files too. */
  async removeSshInclude(): Promise<ChangedSshInclude> {
    const { removeSshInclude } = await import('./ssh/ssh-include.ts');
    return removeSshInclude(this.#locations);
  }

  /**
   * Removes a machine's unit; the machine stays as it is, and need not be there any more.
   * @throws InvalidInputError where there is no such unit.
   */
  async uninstallSystemdUnit(name: string): Promise<Omit<SystemdUnit, 'text'>> {
    const { uninstallSystemdUnit } = await import('./life/systemd.ts');
    return uninstallSystemdUnit(name);
  }

  #look(name: string): ListedMachine | undefined {
    try {
      const { spec, files } = readSpec(this.#locations, name);
      const status = readStatus(files);
      const ports = status.kind === 'running' ? (readPlan(files).network?.forwards ?? []) : [];
      return { name, spec, status, ports };
    } catch (error) {
      // Removed since the directory was read.
      if (error instanceof MachineNotFoundError) return undefined;
      const problem =
        error instanceof BrokenMachineError ? error.message : `its record: ${(error as Error).message}`;
      return { name, problem };
    }
  }
}
