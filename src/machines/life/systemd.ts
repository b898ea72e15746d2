import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError, MissingProgramError, UserManagerUnavailableError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { commandProgram } from '../../machine/paths/package-files.ts';
import { isInUnit } from '../../process/procfs/unit.ts';
import { run } from '../../process/run.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { checkMachineName } from '../spec/machine-spec.ts';
import { readDefinition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readRun } from '../record/machine-status.ts';
import { isUnitOfStore, systemdUnit, systemdUnitName, xdgVariables } from './systemd-unit.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { xdgDirectory } from '../../util/files/xdg-directory.ts';

/** A unit of the systemd user manager that starts a machine at boot, or at login. */
export interface SystemdUnit {
  /** `vmlet-NAME.service` */
  readonly name: string;
  /** Path of the unit: `$XDG_CONFIG_HOME/systemd/user/vmlet-NAME.service`. */
  readonly path: string;
  readonly text: string;
}

export interface InstalledSystemdUnit extends SystemdUnit {
  /** Whether the user's services start at boot and outlive the last login; undefined when logind does not tell. */
  readonly lingering: boolean | undefined;
}

const TIMEOUT_MS = 60_000;
/** States of `systemctl is-system-running` in which the manager accepts commands; `degraded`: a unit has failed. */
const ACTIVE_STATES = ['initializing', 'starting', 'running', 'degraded', 'maintenance'];

/**
 * Returns the unit of a machine, without installing it.
 * @throws MachineNotFoundError, BrokenMachineError, InvalidInputError, also for a machine that is removed after its
 *   command: systemd would end the removal with the unit.
 */
export function describeSystemdUnit(machine: string): SystemdUnit {
  const { spec } = readDefinition(ownLocations(), machine);
  if (spec.command?.remove === true) {
    throw new InvalidInputError(
      'machine',
      `"${machine}" cannot have a systemd unit: it was created with --rm, which removes it as soon as it ends`,
      { hint: 'create the machine without --rm' },
    );
  }
  return {
    ...unitFile(machine),
    text: systemdUnit({
      machine,
      node: process.execPath,
      command: commandProgram(),
      environment: xdgVariables(process.env),
    }),
  };
}

/**
 * Writes and enables a machine's unit, so that the machine starts with the user's service manager; does not start it
 * now. Repeating it updates the unit.
 * @throws UserManagerUnavailableError, CommandFailedError, and what `describeSystemdUnit` throws.
 */
export async function installSystemdUnit(machine: string): Promise<InstalledSystemdUnit> {
  const unit = describeSystemdUnit(machine);
  await requireUserManager();
  const isNew = !existsSync(unit.path);
  makeDirectories(dirname(unit.path));
  replaceFile(unit.path, unit.text, 0o644);
  try {
    await systemctl('daemon-reload');
    await systemctl('enable', unit.name);
  } catch (error) {
    if (isNew) removeFile(unit.path);
    throw error;
  }
  return { ...unit, lingering: await isLingering() };
}

/**
 * Removes a machine's unit. The machine itself is unaffected, and may already be removed. The files are removed even if
 * no user manager is running.
 * @throws InvalidInputError when the unit does not exist.
 */
export async function uninstallSystemdUnit(machine: string): Promise<Omit<SystemdUnit, 'text'>> {
  const unit = unitFile(checkMachineName(machine));
  const link = join(dirname(unit.path), 'default.target.wants', unit.name);
  if (!existsSync(unit.path)) {
    throw new InvalidInputError('machine', `"${machine}" has no systemd unit (no such file: ${unit.path})`, {
      hint: `to create the unit, run: vmlet systemd install ${machine}`,
    });
  }
  const active = ACTIVE_STATES.includes(await userManagerState());
  if (active) await systemctl('disable', unit.name);
  removeFile(link);
  removeFile(unit.path);
  if (active) await systemctl('daemon-reload');
  return unit;
}

/** Removes the unit of a machine that is removed, if it has one; a unit of another store, or of the user's own, stays. */
export async function removeUnitOf(machine: string, { machines }: Locations): Promise<void> {
  const { path } = unitFile(machine);
  const text = unlessMissing(() => readFileSync(path, 'utf8'), ['ENOENT']);
  const dataHome = dirname(dirname(machines));
  const store = { dataHome, isDefault: dataHome === join(homedir(), '.local/share') };
  if (text === undefined || !isUnitOfStore(text, machine, store)) return;
  await uninstallSystemdUnit(machine);
}

/** True when a unit for the machine exists, whether vmlet or the user installed it. */
export function hasSystemdUnit(machine: string): boolean {
  return existsSync(unitFile(machine).path);
}

/**
 * True for a running machine with a unit in which it does not run: systemd manages only what its own start has begun. The
 * process that asked for the start does not tell: systemd may have begun it a moment before.
 */
export function runsOutsideUnit(machine: string, files: Pick<MachineFiles, 'directory' | 'run'>): boolean {
  const keeper = readRun(files)?.keeper;
  if (!keeper || !hasSystemdUnit(machine)) return false;
  return isInUnit(keeper.pid, systemdUnitName(machine)) === false;
}

function unitFile(machine: string): Omit<SystemdUnit, 'text'> {
  const name = systemdUnitName(machine);
  const config = xdgDirectory(process.env, 'XDG_CONFIG_HOME', join(homedir(), '.config'));
  return { name, path: join(config, 'systemd', 'user', name) };
}

async function requireUserManager(): Promise<void> {
  const state = await userManagerState();
  if (!ACTIVE_STATES.includes(state)) throw new UserManagerUnavailableError(state);
}

async function userManagerState(): Promise<string> {
  try {
    // The status is 0 only for `running`.
    const { stdout } = await run(['systemctl', '--user', 'is-system-running'], {
      acceptedExitCodes: [0, 1, 2, 3, 4],
      timeoutMs: TIMEOUT_MS,
    });
    return stdout.toString().trim() || 'unknown';
  } catch (error) {
    if (error instanceof MissingProgramError) return 'not installed';
    throw error;
  }
}

async function systemctl(...args: string[]): Promise<void> {
  await run(['systemctl', '--user', ...args], { timeoutMs: TIMEOUT_MS });
}

async function isLingering(): Promise<boolean | undefined> {
  try {
    const { stdout } = await run(
      ['loginctl', 'show-user', String(process.getuid?.() ?? 0), '--property=Linger'],
      {
        acceptedExitCodes: [0, 1],
        timeoutMs: TIMEOUT_MS,
      },
    );
    return { 'Linger=yes': true, 'Linger=no': false }[stdout.toString().trim()];
  } catch (error) {
    if (error instanceof MissingProgramError) return undefined;
    throw error;
  }
}
