import { chmod, open } from 'node:fs/promises';
import { GuestCommandFailedError } from '../errors/index.ts';
import { probeHost } from '../host/probe.ts';
import type { Host } from '../host/survey/host.ts';
import { HOST } from '../images/record/reference.ts';
import { copyFileSparsely } from '../images/formats/sparse-copy.ts';
import { createOverlay } from '../images/qemu-img/qemu-img.ts';
import { requireSpace } from '../images/transfer/space.ts';
import { type LaunchPlaces, launchAt } from '../machine/launch/launch.ts';
import type { Locations } from '../machine/paths/locations.ts';
import { claimMemoryFile } from '../machine/paths/memory-file.ts';
import type { Machine } from '../machine/running/machine.ts';
import type { LaunchOptions } from '../machine/spec/launch-options.ts';
import type { Plan } from '../machine/plan/plan.ts';
import type { Spec } from '../machine/spec/spec.ts';
import { migrate } from '../machine/state/migration.ts';
import type { MigrationAbilities } from '../machine/state/migration-abilities.ts';
import { startSaving } from '../machine/state/state-file.ts';
import type { QmpClient } from '../qmp/index.ts';
import { currentBootId } from '../process/procfs/identity.ts';
import { syncDirectory } from '../util/files/atomic-file.ts';
import { Scope } from '../util/scope.ts';
import { type OwnFiles, persistentFiles, writtenDisks } from './fork-plan.ts';
import { basisOf } from './template-basis.ts';
import type { TemplateFiles } from './template-files.ts';
import { templateInputs } from './template-inputs.ts';
import { type TemplateRecord, readRecord, writeRecord } from './template-record.ts';

/** Space that has to stay free on the host's disk. */
export const SAVE_RESERVE_BYTES = 64 * 1024 * 1024;

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
  /** Digest of what the guest depends on; computed by default. */
  readonly inputs?: string;
  /** Whether the files must survive a crash of the host from the start; true by default. */
  readonly flushes?: boolean;
  /** Starts the guest; boots it by default. */
  readonly begin?: ((places: OwnFiles, making: Making) => Promise<BootedMachine>) | undefined;
  /** Throws for a guest that must not be saved, before the commands; any guest may be saved by default. */
  readonly check?: (machine: Pick<Machine, 'cloudInit'>) => void;
}

/** A guest that has booted, and what is needed to save it. */
export interface BootedMachine {
  readonly machine: Machine;
  readonly host: Host;
  /** The plan to save; that of the machine by default. */
  readonly plan?: Plan;
}

/** Starts the guest, warms it up, saves it and ends it. @throws what `createTemplate` throws. */
export async function saveGuest(files: TemplateFiles, making: Making): Promise<TemplateRecord> {
  await using scope = new Scope();
  // QEMU is killed when it writes to memory in a file and the host's disk is full.
  await requireSpace(files.directory, making.spec.memoryBytes, SAVE_RESERVE_BYTES);
  const working = await claimMemoryFile(making.locations, making.spec.memoryBytes, scope);
  if (working === undefined) await (await open(files.memory, 'wx', 0o600)).close();
  const memoryFile = working ?? files.memory;
  const { begin = bootGuest } = making;
  const booted = await begin({ storage: files.directory, memoryFile }, making);
  await using machine = booted.machine;
  making.check?.(machine);
  await warmUp(machine, making);
  const abilities = await freeze(booted, files.state);
  await machine.qmp.execute('quit');
  await machine.ended;
  if (working !== undefined) await copyFileSparsely(working, files.memory, making.launching.signal);
  await createOverlays(files, machine.plan);
  return await recordTemplate(files, making, booted, abilities);
}

/** Creates an empty overlay of each disk, for forks to copy. */
export async function createOverlays(files: TemplateFiles, plan: Plan): Promise<void> {
  for (const { nodeName, path, format } of writtenDisks(plan)) {
    const overlay = files.overlay(nodeName);
    await createOverlay({ path: overlay, backingPath: path, backingFormat: format });
    await chmod(overlay, 0o600);
  }
}

/** @throws what `launch` throws. */
export async function bootGuest(
  places: Pick<LaunchPlaces, 'storage' | 'memoryFile'>,
  { spec, launching, locations, networkCards }: Making,
): Promise<BootedMachine> {
  const host = await probeHost({ cacheDirectory: locations.cache, ...launching });
  const machine = await launchAt(
    { locations, ...places, spareCards: networkCards },
    { ...launching, name: spec.name },
  );
  return { host, machine };
}

/** Flushes the files, and writes the record that makes them a template. */
export async function recordTemplate(
  files: TemplateFiles,
  making: Making,
  { machine, host, plan = machine.plan }: BootedMachine,
  abilities: RestoreAbilities,
): Promise<TemplateRecord> {
  const { spec, commands, networkCards, launching, locations, flushes = true } = making;
  const { name } = spec;
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
 * Stops a guest whose memory is a file, and saves its devices. The saved state matches the memory and the disks only as
 * they are now: they must be copied before the guest is resumed. The guest is not paused beforehand, because its saved
 * state would then be "paused".
 * @param state a file to create.
 * @throws QmpJobError with QEMU's message, QmpRefusedError when this QEMU cannot exclude shared memory from a
 *   migration, what `execute` throws.
 */
export async function freeze({ machine, host }: BootedMachine, state: string): Promise<RestoreAbilities> {
  const { qmp } = machine;
  const abilities = await restoreAbilitiesOf(qmp, host);
  await machine.sync();
  await (await open(state, 'wx', 0o600)).close();
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
  const start = async (): Promise<void> => startSaving(qmp, state, abilities);
  await migrate(qmp, 'saving the state of the guest', start, ['x-ignore-shared']);
  return abilities;
}

async function restoreAbilitiesOf(qmp: QmpClient, { qemu }: Host): Promise<RestoreAbilities> {
  const properties = await qmp.execute('qom-list-properties', { typename: 'memory-backend-file' });
  return {
    staysOnFailure: qemu.staysOnRestoreFailure,
    opensFiles: qemu.opensStateFiles,
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
