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

/** A machine in the store, in any state. */
export interface Definition {
  readonly spec: MachineSpec;
  readonly files: MachineFiles;
}

/**
 * @throws MachineNotFoundError, BrokenMachineError (its spec cannot be read), or InvalidInputError for an invalid name.
 */
export function readDefinition(locations: Locations, name: string): Definition {
  const { spec, files } = readSpec(locations, name);
  return { spec, files: { ...files, ...socketFiles(socketsInUse(files)) } };
}

const UNREADABLE: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory',
  ELOOP: 'is a loop of symbolic links',
};

/** Like `readDefinition`, without finding the sockets in use; cheaper for many machines. */
export function readSpec(locations: Locations, name: string): Definition {
  checkMachineName(name);
  const { spec: path } = definitionFiles(join(locations.machines, name));
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isThere = machineNames(locations).includes(name);
    if (isSystemError(error, 'ENOENT', 'ENOTDIR') && !isThere) throw new MachineNotFoundError(name);
    // It was created in the meantime.
    if (isThere && isSystemError(error, 'ENOENT') && existsSync(path)) return readSpec(locations, name);
    // A host without free descriptors, or a failing disk, does not make the machine broken: a broken machine may be removed
    // without checking its protection.
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP')) throw error;
    throw new BrokenMachineError(name, `${path} ${UNREADABLE[error.code ?? ''] ?? 'is missing'}`, {
      cause: error,
    });
  }
  try {
    const spec = { ...parseMachineSpec(text, path), name };
    return { spec, files: machineFiles(locations, name, spec.id) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const { hint } = error;
    throw new BrokenMachineError(name, error.message, { cause: error, ...(hint !== undefined && { hint }) });
  }
}

/** Returns the definition as it is now, which a change may have replaced; the known one once the machine is removed. */
export function presentDefinition(locations: Locations, known: Definition): Definition {
  try {
    const { spec } = readSpec(locations, known.spec.name);
    return spec.id === known.spec.id ? { ...known, spec } : known;
  } catch (error) {
    if (error instanceof MachineNotFoundError) return known;
    throw error;
  }
}

/** The runtime directory of a service may differ from a shell's: a running machine has its sockets where it was started. */
function socketsInUse(files: MachineFiles): string {
  if (!existsSync(files.run)) return files.sockets;
  try {
    return readStatus(files).kind === 'running' ? readPlan(files).directory.sockets : files.sockets;
  } catch {
    // Unreadable records are reported when the status itself is read.
    return files.sockets;
  }
}

/**
 * Returns the names of all machines, including broken ones, sorted; also of directories that the user has moved and
 * linked here, since such a machine works, and needs its volumes and images.
 */
export function machineNames(locations: Locations): string[] {
  const entries = unlessMissing(() => readdirSync(locations.machines, { withFileTypes: true }), ['ENOENT']);
  return (entries ?? [])
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
