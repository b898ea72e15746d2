import { existsSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { BrokenMachineError, MachineNotFoundError, VmletError } from '../../errors/index.ts';
import { ownerOfBuild } from '../../images/store/build-directory.ts';
import { imageDirectoryName } from '../../images/record/image.ts';
import { describeImage, layersOn, unneededOf } from '../../images/store/remove-image.ts';
import { listImages } from '../../images/store/store.ts';
import { isRunning, keptDownloads } from '../../images/transfer/partial/kept-downloads.ts';
import { type KeptGuest, KeptGuests } from '../../template/kept/kept-guests.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import { type Locations, placesOf } from '../../machine/paths/locations.ts';
import { memoryIn } from '../../machine/paths/memory-file.ts';
import { ownerInName } from '../../machine/paths/runtime-directory.ts';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import { type Definition, machineNames, readSpec } from '../record/definition.ts';
import { volumeStaging } from '../../machine/volume/volume-files.ts';
import { listVolumes } from '../disks/volume-users.ts';
import { isBaseName } from '../disks/clone-bases.ts';
import { CODE_DIRECTORY, unusedCode } from '../../util/files/compiled-code.ts';
import { FileMeter, type FileUsage, entriesOf } from '../../util/files/file-usage.ts';
import { findImageUsers } from './image-users.ts';
import { unusedDisks } from './unused-disks.ts';
import { KEPT_MARK } from '../disks/kept-disks.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { readStatus } from '../record/machine-status.ts';
import { listMachineSnapshots } from '../snapshots/snapshots.ts';

/**
 * Kinds of files that vmlet keeps on a host. `kept guests` are booted guests from which later runs start; `machines`
 * includes disks and all other files of a machine; `snapshots` is the memory that snapshots keep in those disks, already
 * counted there; `compiled code` is that of the command, as V8 compiled it; `unfinished` is work in progress, or left by a
 * process that was killed.
 */
export type UsageKind =
  | 'images'
  | 'templates'
  | 'kept guests'
  | 'machines'
  | 'snapshots'
  | 'saved states'
  | 'kept disks'
  | 'volumes'
  | 'logs'
  | 'downloads'
  | 'compiled code'
  | 'unfinished';

/** Disk use of one item. */
export interface UsageEntry extends FileUsage {
  /** Name of the item, as in `debian:13` or `web`. */
  readonly name: string;
  /** True when it is in use: an image with a machine, a running machine, work in progress. */
  readonly active: boolean;
  /** Bytes that `vmlet system prune --all --disks` would free. */
  readonly reclaimableBytes: number;
  /** Path of a kept disk that nothing uses; none for a base of linked clones. */
  readonly path?: string;
  /** Why it cannot be read or used. */
  readonly problem?: string;
}

/** Disk use of vmlet's files by kind. */
export type DiskUsage = Readonly<Record<UsageKind, readonly UsageEntry[]>>;

/** Measures all files that vmlet keeps for this user. Concurrent changes may be missed. @throws the signal's reason */
export async function measureDiskUsage(locations: Locations, signal?: AbortSignal): Promise<DiskUsage> {
  const meter = new FileMeter();
  const images = await imageEntries(locations, meter);
  signal?.throwIfAborted();
  const machines = machineNames(locations).map((name) => measureMachine(locations, name, meter));
  const snapshots: UsageEntry[] = [];
  for (const { definition } of machines) {
    if (definition) snapshots.push(...(await snapshotEntries(definition, signal)));
  }
  return {
    images,
    templates: templateEntries(locations, meter),
    'kept guests': keptEntries(new KeptGuests(locations)),
    machines: machines.map(({ machine }) => machine),
    snapshots,
    'saved states': machines.flatMap(({ saved }) => saved),
    'kept disks': keptDiskEntries(locations, meter),
    volumes: listVolumes(locations).map(({ name, path, machines: users, processes }) => ({
      ...kept(name, meter.measure(path)),
      active: users.some(({ running }) => running) || processes.length > 0,
    })),
    logs: machines.flatMap(({ logs }) => logs),
    downloads: await downloadEntries(locations, meter),
    'compiled code': codeEntries(locations, meter),
    unfinished: unfinishedEntries(locations, meter),
  };
}

async function imageEntries(locations: Locations, meter: FileMeter): Promise<UsageEntry[]> {
  const { images, broken } = await listImages(locations.images);
  const usersOf = await findImageUsers(locations);
  const unneeded = unneededOf(images, images, usersOf);
  return [
    ...images.map((image) => {
      const usage = meter.measure(join(locations.images, imageDirectoryName(image.digest)));
      return {
        name: describeImage(image),
        ...usage,
        active: usersOf(image).length > 0 || layersOn(image, images).length > 0,
        reclaimableBytes: unneeded.includes(image) ? usage.hostBytes : 0,
      };
    }),
    ...broken.map(({ path, reason }) => ({ ...kept(basename(path), meter.measure(path)), problem: reason })),
  ];
}

/** Disks of removed machines, and bases of linked clones. */
export function keptDiskEntries(locations: Locations, meter: FileMeter): UsageEntry[] {
  const unused = new Set(unusedDisks(locations));
  return entriesOf(locations.disks)
    .filter((name) => !name.endsWith(KEPT_MARK))
    .map((name) => {
      const path = join(locations.disks, name);
      const active = !unused.has(path);
      return {
        ...reclaimable(name, meter.measure(path), active),
        ...(!active && !isBaseName(name) && { path }),
      };
    });
}

function templateEntries(locations: Locations, meter: FileMeter): UsageEntry[] {
  return new TemplateShelf(locations)
    .directories()
    .map(({ name, directory }) => kept(name, meter.measure(directory)));
}

/** No prune removes what is in use: the next command would write it again. */
export function codeEntries({ cache }: Locations, meter: FileMeter): UsageEntry[] {
  const directory = join(cache, CODE_DIRECTORY);
  const unused = new Set(unusedCode(directory));
  return entriesOf(directory).map((name) => {
    return reclaimable(name, meter.measure(join(directory, name)), !unused.has(name));
  });
}

/** Any of them can be made again. */
export function keptEntries(guests: KeptGuests): UsageEntry[] {
  return guests.list().map(({ isUsed, apparentBytes, hostBytes, template, ...guest }) => ({
    ...reclaimable(keptName({ ...guest, template }), { apparentBytes, hostBytes }, isUsed),
    ...(!template && { problem: 'damaged; the next vmlet run with the same image and options replaces it' }),
  }));
}

/** Returns the name of a kept guest in lists. */
export function keptName({ key, template }: Pick<KeptGuest, 'key' | 'template'>): string {
  return template ? `${template.image} ${key.slice(0, 12)}` : key;
}

interface MeasuredMachine {
  readonly definition: Definition | undefined;
  readonly machine: UsageEntry;
  readonly saved: readonly UsageEntry[];
  readonly logs: readonly UsageEntry[];
}

function measureMachine(locations: Locations, name: string, meter: FileMeter): MeasuredMachine {
  const { directory, savedState } = definitionFiles(join(locations.machines, name));
  const own = meter.measure(directory, [savedState]);
  const saved = existsSync(savedState) ? [kept(name, meter.measure(savedState))] : [];
  try {
    const definition = readSpec(locations, name);
    const { spec, files } = definition;
    const adopted = spec.disks.filter(({ owned, file }) => owned && isAbsolute(file));
    const usage = sum([own, ...adopted.map(({ file }) => meter.measure(file))]);
    const active = readStatus(files).kind === 'running';
    const logs = kept(name, meter.measure(files.logs));
    return {
      definition,
      machine: { ...kept(name, usage), active },
      saved,
      logs: logs.apparentBytes > 0 ? [{ ...logs, active }] : [],
    };
  } catch (error) {
    if (!(error instanceof BrokenMachineError || error instanceof MachineNotFoundError)) throw error;
    const machine = { ...kept(name, own), problem: error.message };
    return { definition: undefined, machine, saved, logs: [] };
  }
}

async function snapshotEntries(
  definition: Definition,
  signal: AbortSignal | undefined,
): Promise<UsageEntry[]> {
  const { name } = definition.spec;
  try {
    const snapshots = await listMachineSnapshots(definition, { signal });
    return snapshots.map((snapshot) =>
      kept(`${name} ${snapshot.name}`, {
        apparentBytes: snapshot.memoryBytes,
        hostBytes: snapshot.memoryBytes,
      }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof VmletError)) throw error;
    return [{ ...kept(name, { apparentBytes: 0, hostBytes: 0 }), problem: error.message }];
  }
}

export async function downloadEntries(locations: Locations, meter: FileMeter): Promise<UsageEntry[]> {
  const downloads = await keptDownloads(placesOf(locations).partials);
  return Promise.all(
    downloads.map(async (download) => {
      const usage = sum(download.files.map((file) => meter.measure(file)));
      const active = await isRunning(download);
      return reclaimable(download.name, usage, active);
    }),
  );
}

/** Unfinished files of a killed process are removed by the next prune, launch or build. */
export function unfinishedEntries(locations: Locations, meter: FileMeter): UsageEntry[] {
  const ownerOfMemoryIn =
    (directory: string) =>
    (name: string): ProcessIdentity | undefined =>
      existsSync(memoryIn(join(directory, name))) ? ownerInName(name) : undefined;
  const places = [
    { directory: locations.images, ownerOf: ownerOfBuild },
    { directory: locations.scratch, ownerOf: ownerInName },
    ...[locations.runtime, locations.sharedMemory].map((directory) => ({
      directory,
      ownerOf: ownerOfMemoryIn(directory),
    })),
    { directory: join(locations.machines, '.staging'), ownerOf: ownerInName },
    { directory: volumeStaging(locations), ownerOf: ownerInName },
  ];
  const owned = places.flatMap(({ directory, ownerOf }) =>
    entriesOf(directory).flatMap((name) => {
      const owner = ownerOf(name);
      return owner ? [{ directory: join(directory, name), active: isAlive(owner) }] : [];
    }),
  );
  const guests = [...new TemplateShelf(locations).unfinished(), ...new KeptGuests(locations).unfinished()];
  return [...owned, ...guests].map(({ directory, active }) => {
    return reclaimable(basename(directory), meter.measure(directory), active);
  });
}

/** An item that a prune removes, unless it is in use. */
function reclaimable(name: string, usage: FileUsage, active: boolean): UsageEntry {
  return { name, ...usage, active, reclaimableBytes: active ? 0 : usage.hostBytes };
}

/** An item that no prune removes. */
function kept(name: string, usage: FileUsage): UsageEntry {
  return { name, ...usage, active: false, reclaimableBytes: 0 };
}

function sum(usages: readonly FileUsage[]): FileUsage {
  return usages.reduce<FileUsage>(
    (total, { apparentBytes, hostBytes }) => ({
      apparentBytes: total.apparentBytes + apparentBytes,
      hostBytes: total.hostBytes + hostBytes,
    }),
    { apparentBytes: 0, hostBytes: 0 },
  );
}
