import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestCommandFailedError, VmletError, isSystemError } from '../errors/index.ts';
import { probeHost } from '../host/probe.ts';
import type { Host } from '../host/survey/host.ts';
import { HOST } from '../images/record/reference.ts';
import { copyFileSparsely } from '../images/formats/sparse-copy.ts';
import { createOverlay } from '../images/qemu-img/qemu-img.ts';
import { requireSpace } from '../images/transfer/space.ts';
import { launchAt } from '../machine/launch/launch.ts';
import type { Locations } from '../machine/paths/locations.ts';
import { claimDirectory } from '../machine/paths/runtime-directory.ts';
import type { Machine } from '../machine/running/machine.ts';
import type { LaunchOptions } from '../machine/spec/launch-options.ts';
import type { Spec } from '../machine/spec/spec.ts';
import { migrate } from '../machine/state/migration.ts';
import { type MigrationAbilities, migrationAbilitiesOf } from '../machine/state/migration-abilities.ts';
import { startSaving } from '../machine/state/state-file.ts';
import type { QmpClient } from '../qmp/index.ts';
import { currentBootId } from '../process/procfs/identity.ts';
import { syncDirectory } from '../util/files/atomic-file.ts';
import { fileSystemOf } from '../util/files/file-system.ts';
import { Scope } from '../util/scope.ts';
import { newIdentity } from './renew-fork.ts';
import { basisOf } from './template-basis.ts';
import { type TemplateFiles, persistentFiles } from './template-files.ts';
import { templateInputs } from './template-inputs.ts';
import { type TemplateRecord, readRecord, writeRecord } from './template-record.ts';

/** Space that has to stay free on the host's disk. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/** The options of a launch that describe the guest of a template. */
export type BootedGuest = Omit<LaunchOptions, 'name' | 'ports' | 'mac' | 'until' | 'networks' | 'kept'>;

/** A guest to boot, warm up and save. */
export interface Making {
  readonly spec: Spec;
  readonly commands: readonly string[];
  readonly prepare: ((machine: Machine) => Promise<void>) | undefined;
  readonly networkCards: number;
  readonly launching: BootedGuest;
  readonly locations: Locations;
  /** The guest's name until it is saved; the name of the spec by default. */
  readonly nameAtBoot?: string;
  /** Digest of what the guest depends on; computed by default. */
  readonly inputs?: string;
  /** Whether the files must survive a crash of the host from the start; true by default. */
  readonly flushes?: boolean;
}

/** A guest that has booted, and what is needed to save it. */
interface BootedMachine {
  readonly machine: Machine;
  readonly host: Host;
}

/** Boots the guest, warms it up, saves it and ends it. @throws what `createTemplate` throws. */
export async function saveGuest(files: TemplateFiles, making: Making): Promise<TemplateRecord> {
  const booted = await bootGuest(files, making);
  await using machine = booted.machine;
  await warmUp(machine, making);
  const abilities = await freeze(machine, files);
  await machine.qmp.execute('quit');
  await machine.ended;
  const disks = machine.plan.disks.filter(({ readOnly }) => !readOnly);
  for (const { nodeName, path, format } of disks) {
    await createOverlay({ path: files.overlay(nodeName), backingPath: path, backingFormat: format });
  }
  return await describe(files, making, booted, abilities);
}

/**
 * Boots the guest and saves it, and leaves its machine running. The machine keeps its memory, of which the template
 * gets a copy. The guest must not have a writable disk.
 * @returns the machine; and the template's record, or why the guest could not be saved.
 * @throws what `launch` throws, MachineEndedError.
 */
export async function saveAndResume(
  files: TemplateFiles,
  making: Making,
): Promise<{ readonly machine: Machine; readonly saved: TemplateRecord | Error }> {
  await using scope = new Scope();
  const memory = workingMemory(files, making, scope);
  const booted = await bootGuest({ ...files, memory }, making);
  const { machine } = booted;
  try {
    const saved = await saveStopped(memory, files, making, booted).catch((error: unknown) => {
      if (error instanceof VmletError || isSystemError(error)) return error;
      throw error;
    });
    await machine.qmp.execute('cont');
    await machine.renew(newIdentity(making.spec.name));
    return { machine, saved };
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Returns the path of the memory with which a machine runs whose guest will be saved. In memory if there is space: each
 * page of a file on a disk takes the kernel ten times as long when the guest first writes to it. QEMU has the file open
 * when its directory is removed.
 */
function workingMemory({ memory }: TemplateFiles, { spec, locations }: Making, scope: Scope): string {
  const { isInMemory, freeBytes } = fileSystemOf(locations.runtime);
  if (!isInMemory || freeBytes < 2 * spec.memoryBytes) return memory;
  return join(claimDirectory(locations.runtime, scope), 'memory');
}

async function saveStopped(
  memory: string,
  files: TemplateFiles,
  making: Making,
  booted: BootedMachine,
): Promise<TemplateRecord> {
  const abilities = await freeze(booted.machine, files);
  const copy = `${files.memory}.copy`;
  await copyFileSparsely(memory, copy, making.launching.signal);
  // QEMU has the original open, and is now the only one to use it.
  await rename(copy, files.memory);
  return describe(files, making, booted, abilities);
}

async function bootGuest(
  files: TemplateFiles,
  { spec, launching, locations, networkCards, nameAtBoot }: Making,
): Promise<BootedMachine> {
  // QEMU is killed when it writes to memory in a file and the host's disk is full.
  await requireSpace(files.directory, spec.memoryBytes, RESERVE_BYTES);
  await (await open(files.memory, 'wx', 0o600)).close();
  const host = await probeHost({ cacheDirectory: locations.cache, ...launching });
  const places = {
    locations,
    storage: files.directory,
    memoryFile: files.memory,
    spareCards: networkCards,
    hostname: nameAtBoot,
  };
  return { host, machine: await launchAt(places, { ...launching, name: spec.name }) };
}

/** Flushes the files, and writes the record that makes them a template. */
async function describe(
  files: TemplateFiles,
  making: Making,
  { machine: { plan }, host }: BootedMachine,
  abilities: RestoreAbilities,
): Promise<TemplateRecord> {
  const { spec, commands, networkCards, launching, locations, flushes = true } = making;
  const name = making.nameAtBoot ?? spec.name;
  // Computed only now: the launch may have pulled the image.
  const inputs = making.inputs ?? (await templateInputs(spec, commands, networkCards, launching, locations));
  if (flushes) await persistFiles(persistentFiles(files, plan), files.directory);
  writeRecord(files, {
    name,
    createdAt: new Date().toISOString(),
    image: imageOf(spec),
    inputs,
    ...(flushes ? {} : { unflushedSince: currentBootId() }),
    basis: basisOf(plan, host),
    ...abilities,
    plan: { ...plan, name },
  });
  const record = readRecord(name, files);
  if (!record) throw new TypeError('template.json disappeared while the template was created');
  return record;
}

async function warmUp(machine: Machine, { commands, prepare, launching }: Making): Promise<void> {
  for (const command of commands) {
    const result = await machine.exec(['sh', '-c', command], { signal: launching.signal });
    if (result.exitCode === 0) continue;
    const output = { stdout: result.stdout.toString(), stderr: result.stderr.toString() };
    throw new GuestCommandFailedError(command, result, output, {
      hint: 'correct the command, then create the template again: each command of --run must exit with status 0',
    });
  }
  await prepare?.(machine);
}

function imageOf({ boot }: Spec): string {
  switch (boot.kind) {
    case 'image':
      return boot.image;
    case 'disk':
      return boot.path;
    case 'kernel':
      return boot.kernel;
    case 'host':
      return HOST;
  }
}

/** The features of this QEMU that matter when a saved state is restored. */
export interface RestoreAbilities extends MigrationAbilities {
  readonly opensReadOnly: boolean;
}

/**
 * Stops a guest whose memory is a file, and saves its devices beside that file. The saved state matches the disks only
 * as they are now, so the guest may be resumed only if it has other files by then. The guest is not paused beforehand,
 * because its saved state would then be "paused".
 * @throws QmpJobError with QEMU's message, QmpRefusedError when this QEMU cannot exclude shared memory from a
 *   migration, what `execute` throws.
 */
async function freeze(machine: Machine, { state }: TemplateFiles): Promise<RestoreAbilities> {
  const { qmp } = machine;
  const abilities = await restoreAbilitiesOf(qmp);
  await machine.sync();
  await (await open(state, 'wx', 0o600)).close();
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
  const start = async (): Promise<void> => startSaving(qmp, state, abilities);
  await migrate(qmp, 'saving the state of the guest', start, ['x-ignore-shared']);
  return abilities;
}

async function restoreAbilitiesOf(qmp: QmpClient): Promise<RestoreAbilities> {
  const properties = await qmp.execute('qom-list-properties', { typename: 'memory-backend-file' });
  return {
    ...(await migrationAbilitiesOf(qmp)),
    opensReadOnly: properties.some(({ name }) => name === 'rom'),
  };
}

/** Flushes files to the disk, which QEMU does not wait for. */
export async function persistFiles(paths: readonly string[], directory: string): Promise<void> {
  for (const path of paths) {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  syncDirectory(directory);
}
