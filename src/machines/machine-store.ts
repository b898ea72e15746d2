import { statSync } from 'node:fs';
import { BrokenMachineError, MachineNotFoundError } from '../errors/index.ts';
import type { Locations } from '../machine/paths/locations.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import type { BoundForward } from '../network/ports/port.ts';
import type { SocketForward } from '../network/ports/socket-forward.ts';
import type { CreateLimits } from './life/create.ts';
import type { CreateOptions } from './spec/create-options.ts';
import type { NewMachine } from './spec/new-machine.ts';
import { machineNames, readDefinition, readSpec } from './record/definition.ts';
import { readPlan } from './record/machine-plan-file.ts';
import type { SystemdUnit } from './life/systemd.ts';
import { listedForwards } from './run/forwards/matched-forwards.ts';
import { type ListedForward, boundSockets } from './spec/forwards.ts';
import type { MachineSpec } from './spec/machine-spec.ts';
import { pendingChanges } from './spec/pending-changes.ts';
import { type MachineStatus, statusOf } from './record/machine-status.ts';
import type { WaitOptions } from './guest/wait.ts';
import { NamedMachine } from './named-machine.ts';
import type { CommandEnd } from './record/run-record.ts';
import type { RemoveOptions, RemoveResult } from './life/remove.ts';
import type { MachineChangesOptions } from './look/change-stream.ts';
import type { ChangedSshInclude, SshInclude } from './ssh/ssh-include.ts';

/** An entry of `vmlet ls`. */
export type ListedMachine =
  | {
      readonly name: string;
      readonly spec: MachineSpec;
      readonly status: MachineStatus;
      /** Its forwards while it is running. */
      readonly ports: readonly ListedForward<BoundForward>[];
      /** The unix sockets of the host that lead to its ports, while it is running. */
      readonly sockets: readonly SocketForward[];
      /** Settings that have changed since its start and take effect at the next one, by the names of their options. */
      readonly pendingChanges: readonly string[];
      /**
       * When a command last began or ended to change it: also its disks and snapshots, of which the other fields show
       * nothing.
       */
      readonly changedAt: Date | undefined;
    }
  /** A machine whose files cannot be read. */
  | { readonly name: string; readonly problem: string };

/** The named machines of one user. Methods load their modules on first use, so that `vmlet ls` starts fast. */
export class MachineStore {
  readonly #locations: Locations;

  /** @param environment the XDG variables; the process's own environment by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = ownLocations(environment);
  }

  /** Returns the names of all machines, sorted; cheap. */
  names(): string[] {
    return machineNames(this.#locations);
  }

  /** Lists all machines by name, including broken ones. */
  list(): ListedMachine[] {
    return this.names()
      .map((name) => this.look(name))
      .filter((machine) => machine !== undefined);
  }

  /**
   * Yields the names of machines that may have been created, changed or removed: first of all machines, then of those whose
   * files changed.
   * @throws the signal's reason.
   */
  async *changes(options: MachineChangesOptions = {}): AsyncGenerator<readonly string[], void, undefined> {
    const { followMachineChanges } = await import('./look/change-stream.ts');
    yield* followMachineChanges(this.#locations, options);
  }

  /** @throws MachineNotFoundError, BrokenMachineError, or InvalidInputError for an invalid name. */
  get(name: string): NamedMachine {
    return new NamedMachine(this.#locations, readDefinition(this.#locations, name));
  }

  /**
   * Creates a machine with its disks, atomically.
   * @throws InvalidInputError, MachineExistsError, NoSpaceError, FirmwareNotFoundError, …
   */
  async create(options: CreateOptions, limits: CreateLimits = {}): Promise<NamedMachine> {
    const { createMachine } = await import('./life/create.ts');
    await createMachine(this.#locations, options, limits);
    return this.get(options.name);
  }

  /** Parses the options and fills in the defaults, without looking at the host. @throws InvalidInputError */
  async check(options: CreateOptions): Promise<NewMachine> {
    const { parseCreateOptions } = await import('./spec/new-machine.ts');
    const { withTemplateOptions } = await import('./life/template-options.ts');
    return parseCreateOptions(withTemplateOptions(this.#locations, options));
  }

  /** Removes a machine, even a broken one; see `RemoveOptions`. */
  async remove(name: string, options: RemoveOptions = {}): Promise<RemoveResult> {
    const { removeMachine } = await import('./life/remove.ts');
    return removeMachine(this.#locations, name, options);
  }

  /**
   * Like `NamedMachine.waitForCommand`; also returns the end of a command whose machine was removed after it
   * (`create({ command: { remove: true } })`), for an hour or until there is another machine of this name.
   * @throws MachineNotFoundError, and what `NamedMachine.waitForCommand` throws.
   */
  async waitForCommand(name: string, options: WaitOptions = {}): Promise<CommandEnd> {
    const { waitForCommand } = await import('./guest/wait-for-command.ts');
    return waitForCommand(this.#locations, name, options);
  }

  /** Returns the line that makes plain ssh, scp and rsync know machines as NAME.vmlet, and the file that it belongs in. */
  async sshInclude(): Promise<SshInclude> {
    const { describeSshInclude } = await import('./ssh/ssh-include.ts');
    return describeSshInclude(this.#locations);
  }

  /** Adds the line to the user's ~/.ssh/config, once. */
  async addSshInclude(): Promise<ChangedSshInclude> {
    const { addSshInclude } = await import('./ssh/ssh-include.ts');
    return addSshInclude(this.#locations);
  }

  /** Removes the line. @throws InvalidInputError when the line also includes other files. */
  async removeSshInclude(): Promise<ChangedSshInclude> {
    const { removeSshInclude } = await import('./ssh/ssh-include.ts');
    return removeSshInclude(this.#locations);
  }

  /**
   * Removes a machine's systemd unit. The machine is unaffected, and may already be removed.
   * @throws InvalidInputError when the unit does not exist.
   */
  async uninstallSystemdUnit(name: string): Promise<Omit<SystemdUnit, 'text'>> {
    const { uninstallSystemdUnit } = await import('./life/systemd.ts');
    return uninstallSystemdUnit(name);
  }

  /** Returns one entry of `list`; undefined when there is no such machine. */
  look(name: string): ListedMachine | undefined {
    try {
      const { spec, files } = readSpec(this.#locations, name);
      const status = statusOf({ spec, files });
      const plan = status.kind === 'running' ? readPlan(files) : undefined;
      // Each holder of the lock writes to its file when it begins and ends.
      const changedAt = statSync(files.lock, { throwIfNoEntry: false })?.mtime;
      return {
        name,
        spec,
        status,
        ports: plan ? listedForwards(spec, plan) : [],
        sockets: plan ? boundSockets(plan) : [],
        pendingChanges: plan ? pendingChanges(spec, plan.settings) : [],
        changedAt,
      };
    } catch (error) {
      // It was removed in the meantime.
      if (error instanceof MachineNotFoundError) return undefined;
      const problem =
        error instanceof BrokenMachineError
          ? error.message
          : `cannot read its files: ${(error as Error).message}`;
      return { name, problem };
    }
  }
}
