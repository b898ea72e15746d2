import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import type { Cgroup, CgroupManager, HostShare } from '../../process/confine/cgroup.ts';
import { findProgram } from '../../process/program.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Whether systemd limits programs for this user, or why not. */
export type CgroupAbility =
  | {
      readonly usable: true;
      readonly systemdRun: string;
      readonly manager: CgroupManager;
      readonly controllers: readonly string[];
    }
  | { readonly usable: false; readonly reason: string };

export const DELEGATE =
  'give it to users: sudo systemctl edit user@.service, with Delegate=cpu memory pids under [Service]';
const CGROUPS = '/sys/fs/cgroup';

/** A cgroup for what this user starts here. @throws InvalidInputError for what cannot be limited. */
export function ownCgroup(limits: HostShare | undefined, machine: string): Cgroup | undefined {
  return limits && cgroupFor(limits, machine, findCgroupManager(process.getuid?.() ?? 0, process.env));
}

/** Looks at this host. */
export function findCgroupManager(
  userId: number,
  environment: Readonly<Record<string, string | undefined>>,
): CgroupAbility {
  const systemdRun = findProgram('systemd-run');
  if (systemdRun === undefined) return { usable: false, reason: 'systemd-run is not installed' };
  const manager = managerOf(userId, environment);
  const directory = manager.kind === 'system' ? '/run' : manager.runtimeDirectory;
  if (!existsSync(join(directory, 'systemd/private'))) {
    const whose = manager.kind === 'system' ? 'systemd' : 'systemd of your own';
    return { usable: false, reason: `no ${whose} runs here` };
  }
  const controllers = readControllers(manager, userId);
  if (!controllers) return { usable: false, reason: 'there are no cgroups of version 2' };
  return { usable: true, systemdRun, manager, controllers };
}

function managerOf(userId: number, environment: Readonly<Record<string, string | undefined>>): CgroupManager {
  if (userId === 0) return { kind: 'system' };
  const given = environment['XDG_RUNTIME_DIR'];
  return { kind: 'user', runtimeDirectory: given?.startsWith('/') === true ? given : `/run/user/${userId}` };
}

/** Those that the manager was given; what is asked of another is taken without a word, and does nothing. */
function readControllers(manager: CgroupManager, userId: number): string[] | undefined {
  const own = manager.kind === 'system' ? '' : `user.slice/user-${userId}.slice/user@${userId}.service`;
  const path = join(CGROUPS, own, 'cgroup.controllers');
  return unlessMissing(() => readFileSync(path, 'utf8'))
    ?.trim()
    .split(' ');
}

/** What is wrong where systemd was not given all that is needed. */
export function controllersLacking(
  given: readonly string[],
  needed: readonly string[] = ['cpu', 'memory'],
): string | undefined {
  const missing = needed.filter((name) => !given.includes(name));
  return missing.length === 0 ? undefined : `systemd was not given the ${missing.join(', ')} controller`;
}

/** @throws InvalidInputError for what this host cannot limit. */
export function cgroupFor(limits: HostShare, machine: string, ability: CgroupAbility): Cgroup {
  if (!ability.usable) {
    throw new InvalidInputError('limits', `are set by systemd, and ${ability.reason}`, {
      hint: 'log in so that systemd has a session for you (loginctl enable-linger keeps one), or leave out the limits',
    });
  }
  const { systemdRun, manager, controllers } = ability;
  const needed = [
    ...(limits.cpus === undefined ? [] : ['cpu']),
    ...(limits.memoryBytes === undefined ? [] : ['memory']),
  ];
  const lack = controllersLacking(controllers, needed);
  if (lack !== undefined)
    throw new InvalidInputError('limits', `cannot be kept: ${lack}`, { hint: DELEGATE });
  return { systemdRun, manager, description: `vmlet ${machine}`, ...limits };
}
