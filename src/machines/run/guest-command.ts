import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { encodeCommand } from '../../guest/agent/command.ts';
import { afterBoot } from '../../machine/life/boot-completion.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { commandProgram } from '../../machine/paths/package-files.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { bootTimeoutMs } from '../../machine/spec/guest-time.ts';
import { type KeeperOptions, argumentsText, signalKeeper } from '../../process/keeper.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readRun } from '../record/machine-status.ts';
import { removeFile } from '../../util/files/removal.ts';

/**
 * Waits until each `vmlet wait` has read the status of the command, at most 30 s: one may be suspended. Then tries
 * `vmlet rm` once a second for a minute, since another command may hold the machine's lock. Ends when the machine's logs
 * are gone: such a command has removed it.
 */
const REMOVE =
  'flock -w 30 "$0" true; logs=$1; shift; n=0; ' +
  'until [ ! -d "$logs" ] || "$@"; do n=$((n + 1)); [ $n -lt 60 ] || exit 1; sleep 1; done';

/** Returns the keeper's options for the command of a machine. */
export function commandOptions(
  { spec, files }: Definition,
  { accelerator }: NamedPlan,
  paused: boolean,
): Pick<KeeperOptions, 'guestCommand' | 'afterwardsPath'> {
  if (!spec.command) return {};
  const kind = spec.boot.kind === 'firmware' ? 'disk' : 'kernel';
  return {
    guestCommand: {
      requestPath: files.commandRequest,
      logPath: files.outputLog,
      patienceSeconds: paused ? 0 : Math.ceil(bootTimeoutMs(kind, accelerator) / 1000),
    },
    ...(spec.command.remove && { afterwardsPath: files.removal }),
  };
}

/** Writes the files that these options name. */
export function writeCommandFiles(locations: Locations, { spec, files }: Definition): void {
  if (!spec.command) return;
  const { argv, env, cwd, user, remove } = spec.command;
  // micro and kernels of the user's have the agent as their init, and no boot to wait for.
  const words = spec.boot.kind === 'firmware' ? afterBoot(argv) : argv;
  writeFileSync(files.commandRequest, encodeCommand(words, { env, cwd, user, stdin: 'empty' }), {
    mode: 0o600,
  });
  if (remove) exchangeFile(files.removal, argumentsText(removalCommand(locations, { spec, files })));
}

/** Keeps a machine with --rm when its present run ends: the keeper then finds nothing to follow with. */
export function keepAfterRun({ removal }: Pick<MachineFiles, 'removal'>): void {
  removeFile(removal);
}

/** Has the keeper begin the command, once the guest is configured. */
export function beginCommand({ spec, files }: Definition): void {
  const keeper = spec.command && readRun(files)?.keeper;
  if (keeper) signalKeeper(keeper, 'command');
}

function removalCommand(locations: Locations, { spec, files }: Definition): string[] {
  const environment = {
    HOME: process.env['HOME'] ?? '/',
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    XDG_DATA_HOME: dirname(dirname(locations.machines)),
    XDG_STATE_HOME: dirname(locations.state),
  };
  return [
    ...['/bin/sh', '-c', REMOVE, files.waitersLock, files.logs],
    ...['/usr/bin/env', '-i', ...Object.entries(environment).map(([key, value]) => `${key}=${value}`)],
    ...[process.execPath, commandProgram(), 'rm', '--storage', '--id', spec.id, spec.name],
  ];
}
