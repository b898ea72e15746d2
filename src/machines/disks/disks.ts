import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { parseDiskSize } from '../../images/qemu-img/disk-size.ts';
import { inspectDisk } from '../../images/qemu-img/inspect-disk.ts';
import { resizeDisk as resizeImage } from '../../images/qemu-img/qemu-img.ts';
import { resizeLiveDisk } from '../../machine/state/live-disk.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { portOf } from '../../machine/qemu/root-port.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { requireDisk, unusedDiskNames } from '../plan/disk-names.ts';
import { refuseSaved, withLockedMachine, writeSpec } from '../lock/edit.ts';
import { refuseHalfRestored, settleInterrupted } from '../recovery/interrupted-restore.ts';
import { requireSameDisk } from './disk-id.ts';
import { keepDisks, unkeepDisks } from './kept-disks.ts';
import { removeLinkedFiles } from './linked-file.ts';
import { freeLiveName, plugIn, unplug } from './live-disks.ts';
import { diskPath } from '../plan/machine-plan.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { makeDisk } from './make-disk.ts';
import { withMonitor } from '../channel/monitor.ts';
import { parseNewDisk } from '../spec/new-disk.ts';
import { sweepUnowned } from './sweep.ts';
import { removeFile } from '../../util/files/removal.ts';

type Abortable = Pick<Limits, 'signal'>;

/** A disk that was added to a machine. */
export interface AddedDisk {
  /** Name in commands, and the serial number that the guest sees. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Port of the disk; undefined for a machine that is not running. */
  readonly port: string | undefined;
}

/**
 * Adds a disk to a machine. A running machine gets it at once; its guest has to look for it.
 *
 * The definition is written before the disk is plugged in, and restored on failure. If this process is killed in
 * between, the disk appears at the next start. The other order would leave a disk that the guest has written to, and
 * that is gone after the next start.
 * @param text as in `CreateOptions.disks`.
 * @throws InvalidInputError, MachineStateError (no free port, or saved), MachineBusyError, ImageLockedError,
 *   PermissionError, NoSpaceError; nothing has changed then.
 */
export async function addDisk(
  locations: Locations,
  machine: string,
  text: string,
  { signal }: Abortable = {},
): Promise<AddedDisk> {
  const wanted = parseNewDisk(text, 'disk');
  return withLockedMachine(locations, machine, 'adding a disk', async (definition) => {
    const { spec, files } = definition;
    refuseSaved(definition, 'disks');
    removeOrphanedDisks(definition);
    removeLinkedFiles(files);
    const runs = readStatus(files).kind === 'running';
    const name = runs
      ? await freeLiveName(definition, signal)
      : requireName(definition, unusedDiskNames(spec)[0]);
    const disk = await makeDisk(wanted, { name, storage: files.storage, signal });
    writeSpec(definition, { ...spec, disks: [...spec.disks, disk] });
    try {
      return {
        name,
        path: diskPath(disk, files),
        port: runs ? await plugIn(definition, disk, signal) : undefined,
      };
    } catch (error) {
      writeSpec(definition, spec);
      if (!isAbsolute(disk.file)) removeFile(diskPath(disk, files));
      throw error;
    }
  });
}

/** Options of removing a disk. */
export interface RemoveDiskOptions {
  /** Remove the file too, even an adopted one; false by default. */
  readonly storage?: boolean | undefined;
  /** Remove it only if this is its `ListedDisk.id`: another disk may have got the name since it was listed. */
  readonly id?: string | undefined;
  /** Time in milliseconds for the guest to release the disk; 30 000 by default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removes a disk from a machine; a running guest is asked to release it first.
 * @returns the paths of its file and its backing files, unless they were removed.
 * @throws GuestHoldsDeviceError when the guest does not release it (nothing has changed then); InvalidInputError for an
 *   unknown disk; ReplacedError for another `id`; MachineStateError, MachineBusyError.
 */
export async function removeDisk(
  locations: Locations,
  machine: string,
  diskName: string,
  { storage = false, id, timeoutMs, signal }: RemoveDiskOptions = {},
): Promise<readonly string[]> {
  return withLockedMachine(locations, machine, 'removing a disk', async (definition) => {
    const { spec, files } = definition;
    const disk = requireDisk(definition, diskName);
    requireSameDisk(machine, { name: diskName, path: diskPath(disk, files) }, id);
    refuseSaved(definition, 'disks');
    await settle(definition);
    if (readStatus(files).kind === 'running') await unplug(definition, disk, { timeoutMs, signal });
    const alone = { files, spec: { ...spec, disks: [disk] } };
    // The second name comes first: if this process is killed, the data still has one of the two.
    const kept = storage ? [] : keepDisks(alone, locations);
    if (storage) unkeepDisks(alone, locations);
    try {
      writeSpec(definition, { ...spec, disks: spec.disks.filter((other) => other !== disk) });
    } catch (error) {
      unkeepDisks(alone, locations);
      throw error;
    }
    if (disk.owned && (storage || !isAbsolute(disk.file))) removeFile(diskPath(disk, files));
    if (storage) sweepUnowned(locations, [disk]);
    return disk.owned ? kept : [disk.file];
  });
}

/** Options of resizing a disk. */
export interface ResizeDiskOptions {
  /** Allow a smaller size, which discards the data beyond it; false by default. */
  readonly shrink?: boolean | undefined;
  /** Resize it only if this is its `ListedDisk.id`. */
  readonly id?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resizes a disk; a running guest is notified. The guest has to grow its file systems itself.
 * @param size a size such as `30G`, or an increase such as `+10G`.
 * @returns the new size in bytes.
 * @throws InvalidInputError, ReplacedError for another `id`, NoSpaceError, MachineStateError, MachineBusyError
 */
export async function resizeDisk(
  locations: Locations,
  machine: string,
  diskName: string,
  size: string,
  { shrink = false, id, signal }: ResizeDiskOptions = {},
): Promise<number> {
  const asked = parseDiskSize(size.replace(/^\+/, ''), 'size');
  return withLockedMachine(locations, machine, 'resizing a disk', async (definition) => {
    const { files } = definition;
    const disk = requireDisk(definition, diskName);
    requireSameDisk(machine, { name: diskName, path: diskPath(disk, files) }, id);
    refuseSaved(definition, 'disk sizes');
    await settle(definition);
    if (disk.readOnly)
      throw new InvalidInputError('disk', `"${diskName}" is read-only and cannot be resized`, {
        hint: disk.owned
          ? `make it writable first: vmlet disk set ${machine} ${diskName} --no-readonly`
          : howToAdopt(machine, disk),
      });
    const image = { path: diskPath(disk, files), format: disk.format, signal };
    const { virtualBytes } = await inspectDisk(image);
    const sizeBytes = size.startsWith('+') ? virtualBytes + asked : asked;
    if (sizeBytes < virtualBytes && !shrink) {
      throw new InvalidInputError(
        'size',
        `disk "${diskName}" has ${virtualBytes} bytes; shrinking it to ${sizeBytes} bytes would delete the data at its end`,
        {
          hint: 'shrink the file systems in the guest first, then use --shrink',
        },
      );
    }
    const resizeStopped = async (): Promise<void> => resizeImage({ ...image, sizeBytes, shrink });
    if (readStatus(files).kind !== 'running') await resizeStopped();
    else {
      await withMonitor(
        definition,
        async (qmp) =>
          (await portOf(qmp, disk.name)) === undefined
            ? resizeStopped()
            : resizeLiveDisk(qmp, disk.name, sizeBytes, { signal }),
        { signal },
      );
    }
    return sizeBytes;
  });
}

/** Changes of a disk's settings. */
export interface DiskChanges {
  readonly cache?: StoredDisk['cache'] | undefined;
  /** Whether blocks that the guest discards are freed on the host. */
  readonly discard?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
}

/**
 * Changes the settings of a disk, effective from the next start.
 * @throws InvalidInputError, MachineStateError, MachineBusyError
 */
export async function setDisk(
  locations: Locations,
  machine: string,
  diskName: string,
  changes: DiskChanges,
): Promise<void> {
  await withLockedMachine(locations, machine, 'changing a disk', async (definition) => {
    const { spec } = definition;
    const disk = requireDisk(definition, diskName);
    refuseSaved(definition, 'disk options');
    await settle(definition);
    if (changes.readOnly === false && !disk.owned) {
      throw new InvalidInputError(
        'readOnly',
        `disk "${diskName}" of machine "${machine}" cannot become writable: its file ${disk.file} was added without adopt`,
        { hint: howToAdopt(machine, disk) },
      );
    }
    const changed = {
      ...disk,
      cache: changes.cache ?? disk.cache,
      discard: changes.discard ?? disk.discard,
      readOnly: changes.readOnly ?? disk.readOnly,
    };
    writeSpec(definition, { ...spec, disks: spec.disks.map((other) => (other === disk ? changed : other)) });
  });
}

/** A pending repair names the disks by their paths, and writes to them. @throws MachineStateError */
async function settle(definition: Definition): Promise<void> {
  if (readStatus(definition.files).kind === 'running') {
    refuseHalfRestored(definition);
    return;
  }
  await settleInterrupted(definition);
}

function requireName({ spec }: Definition, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new InvalidInputError(
    'disk',
    `machine "${spec.name}" already has the maximum of ${spec.disks.length} disks`,
    { hint: `remove a disk first: vmlet disk rm ${spec.name} DISK` },
  );
}

/**
 * Removes files of disks that were never plugged in, or were being removed, when a process was killed. No other file has
 * such a name: a disk is in the definition before a guest can write to it.
 */
function removeOrphanedDisks({ spec, files }: Definition): void {
  const known = new Set(spec.disks.map((disk) => diskPath(disk, files)));
  for (const name of readdirSync(files.storage)) {
    const path = join(files.storage, name);
    if (/^disk\d+(-[0-9a-f]+)?\.qcow2$/.test(name) && !known.has(path)) removeFile(path);
  }
}

function howToAdopt(machine: string, { name, file }: StoredDisk): string {
  return `to let the guest write to the file, run: vmlet disk rm ${machine} ${name} && vmlet disk add ${machine} ${quoteForShell(`${file},adopt`)}`;
}
