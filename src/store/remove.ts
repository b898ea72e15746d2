import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { BrokenMachineError, MachineStateError, isSystemError } from '../errors.ts';
import type { Locations } from '../machine/locations.ts';
import { ownerInName } from '../machine/runtime-directory.ts';
import { isAlive } from '../process/identity.ts';
import { Scope } from '../util/scope.ts';
import { unusedBases } from './clone.ts';
import { type Definition, machineNames, readDefinition } from './definition.ts';
import { definitionFiles } from './machine-files.ts';
import { lockMachine } from './machine-lock.ts';
import { diskPath } from './machine-plan.ts';
import { readStatus } from './machine-status.ts';
import { discardDirectory, openStaging } from './staging.ts';
import { killMachine } from './stop.ts';

export interface RemoveOptions {
  /** Remove its disks too, adopted files included; otherwise they are kept, see `RemoveResult`. */
  readonly storage?: boolean;
  /** Kill it first where it runs; remove it although it is protected. */
  readonly force?: boolean;
}

export interface RemoveResult {
  /** Where disks are that were kept. */
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
  const definition = readDefinitionOrBroken(locations, name);
  if (!definition) return removeBroken(locations, name, storage);
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
  const keptDisks = storage ? [] : keepDisks({ spec, files }, locations);
  const staging = openStaging(locations, scope);
  discardDirectory(files.directory, staging);
  // From here on it is gone; the rest is clean-up, which an interruption leaves undone.
  rmSync(files.logs, { recursive: true, force: true });
  rmSync(files.sockets, { recursive: true, force: true });
  if (storage) {
    for (const disk of spec.disks.filter(({ owned, file }) => owned && isAbsolute(file)))
      rmSync(disk.file, { force: true });
    removeUnusedBases(locations);
  }
  return { keptDisks };
}

/** A second name for each disk, before the machine goes: whenever we are interrupted, the data has one of the two. */
function keepDisks({ spec, files }: Definition, locations: Locations): string[] {
  const own = spec.disks.filter(({ owned, file }) => owned && !isAbsolute(file));
  if (own.length > 0) mkdirSync(locations.disks, { recursive: true, mode: 0o700 });
  const adopted = spec.disks.filter(({ owned, file }) => owned && isAbsolute(file)).map(({ file }) => file);
  return [
    ...own.map((disk) => keepDisk(diskPath(disk, files), locations, `${spec.name}-${disk.name}`)),
    ...adopted,
  ];
}

function keepDisk(path: string, locations: Locations, name: string): string {
  for (let number = 1; ; number++) {
    const kept = join(locations.disks, number === 1 ? `${name}.qcow2` : `${name}-${number}.qcow2`);
    try {
      linkSync(path, kept);
      return kept;
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    }
  }
}

/** A base that clones share is vmlet's own; it goes with the last of them. */
function removeUnusedBases(locations: Locations): void {
  const machines = machineNames(locations).map((name) => readDefinitionOrBroken(locations, name));
  // What a broken machine needs is not known.
  if (machines.includes(undefined)) return;
  const specs = machines.flatMap((machine) => machine?.spec ?? []);
  const isOwnerAlive = (name: string): boolean => {
    const owner = ownerInName(name);
    return owner !== undefined && isAlive(owner);
  };
  for (const path of unusedBases(locations, specs, isOwnerAlive)) rmSync(path, { force: true });
}

function readDefinitionOrBroken(locations: Locations, name: string): Definition | undefined {
  try {
    return readDefinition(locations, name);
  } catch (error) {
    if (error instanceof BrokenMachineError) return undefined;
    throw error;
  }
}

/** Nothing is known of it but its directory; a QEMU that may still run in it holds the keeper's record. */
async function removeBroken(locations: Locations, name: string, storage: boolean): Promise<RemoveResult> {
  const files = definitionFiles(join(locations.machines, name));
  if (!storage && hasEntries(files.storage)) {
    throw new BrokenMachineError(name, `what is in ${files.storage} would be lost`, {
      hint: `move it away, or remove it too: vmlet rm --storage ${name}`,
    });
  }
  await using scope = new Scope();
  discardDirectory(files.directory, openStaging(locations, scope));
  return { keptDisks: [] };
}

function hasEntries(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}
