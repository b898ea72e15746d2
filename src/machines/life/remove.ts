import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { BrokenMachineError, MachineStateError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { holdFileLock } from '../../process/lock/file-lock.ts';
import { signalKeeper } from '../../process/keeper.ts';
import { Scope } from '../../util/scope.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { keepDisks, unkeepDisks } from '../disks/kept-disks.ts';
import { hasEnded } from '../channel/ended.ts';
import { endLostProcesses } from '../lock/lost-run.ts';
import { type MachineFiles, definitionFiles } from '../record/machine-files.ts';
import { lockDirectory, lockMachine } from '../lock/machine-lock.ts';
import { readRun, readStatus } from '../record/machine-status.ts';
import type { RunRecord } from '../record/run-record.ts';
import { discardDirectory, openStaging } from '../record/staging.ts';
import { hasSystemdUnit, uninstallSystemdUnit } from './systemd.ts';
import { killMachine } from '../run/stop.ts';
import { sweepUnowned } from '../disks/sweep.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeFile, removeTree } from '../../util/files/removal.ts';

/** A killed QEMU needs this long at most to be gone, unless the kernel itself hangs. */
const DEATH_MS = 30_000;

export interface RemoveOptions {
  /** Remove its disks too, adopted files included; otherwise they are kept, see `RemoveResult`. */
  readonly storage?: boolean;
  /** Kill it first where it runs; remove it although it is protected. */
  readonly force?: boolean;
}

export interface RemoveResult {
  /** Where disks are that were kept, and what vmlet made for clones and they stand on. */
  readonly keptDisks: readonly string[];
}

/**
 * Removes a machine: its definition, NVRAM, TPM, keys, logs, and its storage when told to. A file that its disks only
 * stand on is never removed, unless vmlet made it for clones and none is left that needs it.
 * @throws MachineNotFoundError, MachineBusyError, MachineStateError when it runs or is protected.
 */
export async function removeMachine(
  locations: Locations,
  name: string,
  { storage = false, force = false }: RemoveOptions = {},
): Promise<RemoveResult> {
  const definition = readSoundDefinition(locations, name);
  if (!definition) return removeBroken(locations, name, { storage, force });
  await using scope = new Scope();
  await lockMachine(name, definition.files, 'removing it', scope);
  const { spec, files } = readDefinition(locations, name);
  if (spec.protected && !force) {
    throw new MachineStateError(name, 'protected', 'is protected', {
      hint: `vmlet protect --off ${name} takes the protection away`,
    });
  }
  const status = readStatus(files);
  if (status.kind === 'running') {
    if (!force) {
      throw new MachineStateError(name, status.state, `still runs (it is ${status.state})`, {
        hint: `stop it first: vmlet stop ${name}; or pull the plug: vmlet rm --force ${name}`,
      });
    }
    await killMachine({ spec, files });
  }
  // A removal that fails leaves no second names.
  scope.defer(() => {
    if (existsSync(files.directory)) unkeepDisks({ spec, files }, locations);
  });
  const keptDisks = storage ? [] : keepDisks({ spec, files }, locations);
  if (storage) {
    unkeepDisks({ spec, files }, locations);
    const adopted = spec.disks.filter(({ owned, file }) => owned && isAbsolute(file));
    for (const { file } of adopted) removeFile(file);
  }
  if (hasSystemdUnit(name)) await uninstallSystemdUnit(name);
  // The definition goes last: a removal that is killed can be done again, and finds all that is left.
  for (const directory of [files.logs, files.sockets]) removeTree(directory);
  discardDirectory(files.directory, openStaging(locations, scope));
  sweepUnowned(locations);
  return { keptDisks };
}

/** Undefined for one whose definition or records cannot be understood. */
function readSoundDefinition(locations: Locations, name: string): Definition | undefined {
  try {
    const definition = readDefinition(locations, name);
    readStatus(definition.files);
    return definition;
  } catch (error) {
    if (error instanceof BrokenMachineError) return undefined;
    throw error;
  }
}

/** Little is known of it but its directory. Whoever runs in there holds the keeper's lock. */
async function removeBroken(
  locations: Locations,
  name: string,
  { storage, force }: Required<RemoveOptions>,
): Promise<RemoveResult> {
  const files = definitionFiles(join(locations.machines, name));
  if (!storage && hasEntries(files.storage)) {
    throw new BrokenMachineError(name, `what is in ${files.storage} would be lost`, {
      hint: `move it away, or remove it too: vmlet rm --storage ${name}`,
    });
  }
  await using scope = new Scope();
  await lockDirectory(name, files, 'removing it', scope);
  const record = readRunIfSound(files);
  if (force && record && signalKeeper(record.keeper, 'kill')) await hasEnded(record, DEATH_MS, undefined);
  if (!(await holdFileLock(files.keeperLock, scope))) {
    throw new MachineStateError(name, 'broken', 'still runs, although its files cannot be understood', {
      hint: `end the vmlet-keeper that holds ${files.keeperLock} first, or have it tried: vmlet rm --force ${name}`,
    });
  }
  if (record) await endLostProcesses(name, record);
  discardDirectory(files.directory, openStaging(locations, scope));
  sweepUnowned(locations);
  return { keptDisks: [] };
}

function readRunIfSound(files: Pick<MachineFiles, 'directory' | 'run'>): RunRecord | undefined {
  try {
    return readRun(files);
  } catch (error) {
    if (error instanceof BrokenMachineError) return undefined;
    throw error;
  }
}

function hasEntries(directory: string): boolean {
  return (unlessMissing(() => readdirSync(directory)) ?? []).length > 0;
}
