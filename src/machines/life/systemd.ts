import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError, MissingProgramError, UserManagerUnavailableError } from '../../errors/index.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { commandProgram } from '../../machine/paths/package-files.ts';
import { run } from '../../process/run.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { checkMachineName } from '../spec/machine-spec.ts';
import { readDefinition } from '../record/definition.ts';
import { systemdUnit, systemdUnitName, xdgVariables } from './systemd-unit.ts';
import { removeFile } from '../../util/files/removal.ts';

/** A unit of the user's service manager that starts a machine at boot, or at login. */
export interface SystemdUnit {
  /** `vmlet-NAME.service` */
  readonly name: string;
  /** Where it belongs: `$XDG_CONFIG_HOME/systemd/user/vmlet-NAME.service`. */
  readonly path: string;
  readonly text: string;
}

export interface InstalledSystemdUnit extends SystemdUnit {
  /** Whether the user's services start at boot and outlive the last login; undefined where logind does not say. */
  readonly lingering: boolean | undefined;
}

const TIMEOUT_MS = 60_000;
/** What `systemctl is-system-running` says of a manager that takes orders; `degraded` is one with a failed unit. */
const ACTIVE_STATES = ['initializing', 'starting', 'running', 'degraded', 'maintenance'];

/**
 * The unit of a machine, which is not installed by this.
 * @throws MachineNotFoundError, BrokenMachineError, InvalidInputError.
 */
export function describeSystemdUnit(machine: string): SystemdUnit {
  readDefinition(ownLocations(), machine);
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
 * Writes a machine's unit and enables it, so that the machine starts with the user's service manager. It is not started
 * now. Doing it again brings the unit up to date.
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
 * Removes a machine's unit; the machine itself stays as it is, running or not, and need not be there any more.
 * Where no user manager runs, its files are removed all the same.
 * @throws InvalidInputError where there is no such unit.
 */
export async function uninstallSystemdUnit(machine: string): Promise<Omit<SystemdUnit, 'text'>> {
  const unit = unitFile(checkMachineName(machine));
  const link = join(dirname(unit.path), 'default.target.wants', unit.name);
  if (!existsSync(unit.path)) {
    throw new InvalidInputError('machine', `${machine} has no systemd unit; expected ${unit.path}`);
  }
  const active = ACTIVE_STATES.includes(await userManagerState());
  if (active) await systemctl('disable', unit.name);
  removeFile(link);
  removeFile(unit.path);
  if (active) await systemctl('daemon-reload');
  return unit;
}

/** Whether a unit of that machine is there, installed by anybody. */
export function hasSystemdUnit(machine: string): boolean {
  return existsSync(unitFile(machine).path);
}

function unitFile(machine: string): Omit<SystemdUnit, 'text'> {
  const name = systemdUnitName(machine);
  const configured = process.env['XDG_CONFIG_HOME'];
  const config = configured?.startsWith('/') ? configured : join(homedir(), '.config');
  return { name, path: join(config, 'systemd', 'user', name) };
}

async function requireUserManager(): Promise<void> {
  const state = await userManagerState();
  if (!ACTIVE_STATES.includes(state)) throw new UserManagerUnavailableError(state);
}

async function userManagerState(): Promise<string> {
  try {
    // The status is not 0 for all but `running`.
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
