import { homedir } from 'node:os';
import { BrokenMachineError, MachineNotFoundError } from '../errors.ts';
import { type Locations, locate } from '../machine/locations.ts';
import type { Limits } from '../util/deadline.ts';
import { createMachine } from './create.ts';
import { type CreateOptions, type NewMachine, parseCreateOptions } from './create-options.ts';
import { machineNames, readDefinition } from './definition.ts';
import type { MachineSpec } from './machine-spec.ts';
import { type MachineStatus, readStatus } from './machine-status.ts';
import { NamedMachine } from './named-machine.ts';
import { type RemoveOptions, type RemoveResult, removeMachine } from './remove.ts';

/** A line of `vmlet ls`. */
export type ListedMachine =
  | { readonly name: string; readonly spec: MachineSpec; readonly status: MachineStatus }
  /** One whose files cannot be read; the others are listed all the same. */
  | { readonly name: string; readonly problem: string };

/** The named machines of one user. */
export class MachineStore {
  readonly #locations: Locations;

  /** @param environment where the XDG variables are; the process's own by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = locate(environment, homedir(), process.getuid?.() ?? 0);
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
  async create(options: CreateOptions, limits: Limits = {}): Promise<NamedMachine> {
    await createMachine(this.#locations, options, limits);
    return this.get(options.name);
  }

  /** The options as they are understood, with their defaults. Nothing is looked at. @throws InvalidInputError */
  check(options: CreateOptions): NewMachine {
    return parseCreateOptions(options);
  }

  /** Removes a machine, a broken one too; see `RemoveOptions`. */
  async remove(name: string, options: RemoveOptions = {}): Promise<RemoveResult> {
    return removeMachine(this.#locations, name, options);
  }

  #look(name: string): ListedMachine | undefined {
    try {
      const { spec, files } = readDefinition(this.#locations, name);
      return { name, spec, status: readStatus(files) };
    } catch (error) {
      // Removed since the directory was read.
      if (error instanceof MachineNotFoundError) return undefined;
      const problem =
        error instanceof BrokenMachineError ? error.message : `its record: ${(error as Error).message}`;
      return { name, problem };
    }
  }
}
