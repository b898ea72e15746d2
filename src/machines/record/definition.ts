import { existsSync, readFileSync, readdirSync } from 'node:fs';
import {
  BrokenMachineError,
  InvalidInputError,
  MachineNotFoundError,
  isSystemError,
} from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { type MachineFiles, definitionFiles, machineFiles, socketFiles } from './machine-files.ts';
import { readPlan } from './machine-plan-file.ts';
import { readStatus } from './machine-status.ts';
import { type MachineSpec, checkMachineName, parseMachineSpec } from '../spec/machine-spec.ts';
import { join } from 'node:path';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** A machine as the store knows it, whatever it does just now. */
export interface Definition {
  readonly spec: MachineSpec;
  readonly files: MachineFiles;
}

/**
 * @throws MachineNotFoundError, BrokenMachineError (its spec cannot be read), InvalidInputError for what cannot be a name.
 */
export function readDefinition(locations: Locations, name: string): Definition {
  const { spec, files } = readSpec(locations, name);
  return { spec, files: { ...files, ...socketFiles(socketsInUse(files)) } };
}

/** The same without a look at where its sockets are, for who needs many. */
export function readSpec(locations: Locations, name: string): Definition {
  checkMachineName(name);
  const { spec: path } = definitionFiles(join(locations.machines, name));
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isThere = machineNames(locations).includes(name);
    if (isSystemError(error, 'ENOENT', 'ENOTDIR') && !isThere) throw new MachineNotFoundError(name);
    // Made since we looked.
    if (isThere && isSystemError(error, 'ENOENT') && existsSync(path)) return readSpec(locations, name);
    // A host that is out of descriptors, or a disk that fails, says nothing of the machine: it is not to be removed as
    // a broken one is, whose protection nobody knows.
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP')) throw error;
    throw new BrokenMachineError(name, `${path} cannot be read`, { cause: error });
  }
  try {
    const spec = { ...parseMachineSpec(text, path), name };
    return { spec, files: machineFiles(locations, name, spec.id) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new BrokenMachineError(name, error.message, { cause: error });
  }
}

/** A service's runtime directory need not be that of a shell: a machine that runs has its sockets where it was started. */
function socketsInUse(files: MachineFiles): string {
  if (!existsSync(files.run)) return files.sockets;
  try {
    return readStatus(files).kind === 'running' ? readPlan(files).directory.sockets : files.sockets;
  } catch {
    // Records that cannot be read are reported where the status itself is asked for.
    return files.sockets;
  }
}

/** The names of all machines, the broken ones included, sorted. */
export function machineNames(locations: Locations): string[] {
  const entries = unlessMissing(() => readdirSync(locations.machines, { withFileTypes: true }), ['ENOENT']);
  return (entries ?? [])
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
