import { basename, dirname, join, relative } from 'node:path';
import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { backingName, diskPath } from './disk-path.ts';
import type { ForeignFormat } from '../header/verdict.ts';
import { readVirtualSize } from '../header/virtual-size.ts';
import { makeNew, refuseExisting } from './new-file.ts';
import { requireMade } from './made-disk.ts';
import { type CreateArguments, createArguments, resizeArguments } from './qemu-img-arguments.ts';
import { readAnswer } from '../../process/probe/answer.ts';
import { qemuImg } from './qemu-img-command.ts';
import { progressReader } from './qemu-img-progress.ts';

/** Every function here throws ImageLockedError, NoSpaceError, PermissionError, CommandFailedError, MissingProgramError
 *  and InvalidInputError, and on abort the signal's reason. Paths may hold any character. */
interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A disk image that is there already. Its format is never guessed: its guest could have written another's header. */
export interface ExistingDisk extends Abortable {
  readonly path: string;
  readonly format: DiskFormat;
}

export interface CreateDiskOptions extends ExistingDisk {
  readonly sizeBytes: number;
}

/** Makes an empty disk. A file that is there already is refused. */
export async function createDisk(options: CreateDiskOptions): Promise<void> {
  await makeDisk({ ...options, path: diskPath(options.path, 'path') });
}

/** What `createArguments` is told of a disk, whose paths are absolute, and whose backing file was looked at before. */
export type NewDisk = CreateArguments & Abortable;

/** Makes a disk as it is said to be. A file that is there already is refused. */
export async function makeDisk({ signal, ...disk }: NewDisk): Promise<void> {
  const { path, format, sizeBytes } = disk;
  requireSize(sizeBytes);
  await makeNew(path, async () => {
    await qemuImg(createArguments(disk), path, { signal });
    await requireMade(path, format, sizeBytes);
  });
}

export interface CreateOverlayOptions extends Abortable {
  readonly path: string;
  readonly backingPath: string;
  readonly backingFormat: DiskFormat;
  /** As large as the backing file by default. */
  readonly sizeBytes?: number | undefined;
  /** Store the way from the overlay's directory to the backing file, so that both can move together; false by default. */
  readonly relative?: boolean | undefined;
}

/**
 * Makes a qcow2 that holds what differs from its backing file. A file that is there already is refused. Of
 * the backing file's header only the size is read.
 * @throws ImageRefusedError for a backing file that is no file, or does not tell its size.
 */
export async function createOverlay(options: CreateOverlayOptions): Promise<void> {
  const path = diskPath(options.path, 'path');
  const backing = backingReference(path, options);
  const { backingPath, backingFormat, signal } = options;
  const backingBytes = await readVirtualSize(
    diskPath(backingPath, 'backingPath'),
    backingFormat,
    'backingPath',
  );
  await makeDisk({
    path,
    format: 'qcow2',
    sizeBytes: options.sizeBytes ?? backingBytes,
    backing: { name: backing, format: backingFormat },
    signal,
  });
}

export interface ConvertDiskOptions extends Abortable {
  /** In any format that `acceptForeignImage` finds harmless. */
  readonly from: { readonly path: string; readonly format: DiskFormat | ForeignFormat };
  /** A file that is there already is refused. */
  readonly to: Omit<ExistingDisk, 'signal'>;
  /**
   * What `from` stands on, and the new image (qcow2 only) too, by a relative way: it gets what differs from that alone.
   * By default it stands alone.
   */
  readonly backing?: { readonly path: string; readonly format: DiskFormat } | undefined;
  /** Compress the clusters (qcow2 only); false by default. */
  readonly compress?: boolean | undefined;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Copies a disk into a new image. Until it is complete it has another name. */
export async function convertDisk(options: ConvertDiskOptions): Promise<void> {
  const from = diskPath(options.from.path, 'from.path');
  const to = diskPath(options.to.path, 'to.path');
  if (options.compress === true && options.to.format === 'raw') {
    throw new InvalidInputError('compress', 'a raw disk cannot be compressed');
  }
  const compress = options.compress === true ? ['-c'] : [];
  const { backing } = options;
  if (backing && options.to.format === 'raw') {
    throw new InvalidInputError('backing', 'a raw disk cannot stand on another');
  }
  const base = backing
    ? ['-F', backing.format, '-B', backingReference(to, { backingPath: backing.path, relative: true })]
    : [];
  await refuseExisting(to);
  const partial = join(dirname(to), `.${basename(to).slice(0, 80)}.${randomUUID()}.partial`);
  await makeNew(partial, async () => {
    await qemuImg(
      [
        ...['convert', '-p', ...compress, ...base],
        ...['-f', options.from.format, '-O', options.to.format, from, partial],
      ],
      to,
      {
        signal: options.signal,
        onStdout: progressReader(options.onProgress),
        // What stands on something is of our own making.
        files: backing ? undefined : { readOnly: [from], own: [dirname(to)] },
      },
    );
    await requireMade(partial, options.to.format);
  });
  await rename(partial, to);
}

export interface ResizeDiskOptions extends ExistingDisk {
  readonly sizeBytes: number;
  /** Allow a smaller size, which cuts off what is behind it; false by default. */
  readonly shrink?: boolean | undefined;
}

export async function resizeDisk(options: ResizeDiskOptions): Promise<void> {
  const path = diskPath(options.path, 'path');
  const { format, sizeBytes, shrink = false, signal } = options;
  requireSize(sizeBytes);
  await qemuImg(resizeArguments({ path, format, sizeBytes, shrink }), path, { signal });
  await requireMade(path, format, sizeBytes);
}

export interface RebaseDiskOptions extends Abortable {
  /** The qcow2 whose backing file is changed. */
  readonly path: string;
  /** The new backing file; undefined makes the disk stand alone. */
  readonly backing: { readonly path: string; readonly format: DiskFormat } | undefined;
  /** Only write the new name: the caller knows that both hold the same, or the old one is gone; false by default. */
  readonly nameOnly?: boolean | undefined;
  /** Store the way from the disk's directory to the backing file; false by default. */
  readonly relative?: boolean | undefined;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Puts a disk on another backing file; what the guest sees stays the same. */
export async function rebaseDisk(options: RebaseDiskOptions): Promise<void> {
  const path = diskPath(options.path, 'path');
  const { backing } = options;
  const reference =
    backing === undefined
      ? ['-b', '']
      : [
          ...['-F', backing.format, '-b'],
          backingReference(path, { backingPath: backing.path, relative: options.relative }),
        ];
  const nameOnly = options.nameOnly === true ? ['-u'] : [];
  await qemuImg(['rebase', '-p', ...nameOnly, '-f', 'qcow2', ...reference, path], path, {
    signal: options.signal,
    onStdout: progressReader(options.onProgress),
  });
}

export interface CommitDiskOptions extends Abortable {
  /** The qcow2 overlay. It is emptied. */
  readonly path: string;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Writes what an overlay holds into its backing file. */
export async function commitDisk(options: CommitDiskOptions): Promise<void> {
  const path = diskPath(options.path, 'path');
  await qemuImg(['commit', '-p', '-f', 'qcow2', path], path, {
    signal: options.signal,
    onStdout: progressReader(options.onProgress),
  });
}

const measureSchema = z.object({ required: z.number(), 'fully-allocated': z.number() });

export interface MeasureDiskOptions extends Abortable {
  /** An image to be converted, or the size of an empty one in bytes. */
  readonly source: Omit<ExistingDisk, 'signal'> | { readonly sizeBytes: number };
  readonly format: DiskFormat;
}

/** Bytes of a file that a new image would need. */
export interface DiskMeasure {
  /** For what the source holds now. */
  readonly requiredBytes: number;
  /** When the guest has written everywhere. */
  readonly fullyAllocatedBytes: number;
}

export async function measureDisk(options: MeasureDiskOptions): Promise<DiskMeasure> {
  const { source } = options;
  const path = 'path' in source ? diskPath(source.path, 'source.path') : 'a new image';
  const subject = 'path' in source ? ['-f', source.format, path] : ['--size', requireSize(source.sizeBytes)];
  const result = await qemuImg(['measure', '--output=json', '-O', options.format, ...subject], path, {
    signal: options.signal,
  });
  const measure = readAnswer('qemu-img', result, (json) => measureSchema.parse(json));
  return { requiredBytes: measure.required, fullyAllocatedBytes: measure['fully-allocated'] };
}

function requireSize(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes <= 0 || bytes % 512 !== 0) {
    throw new InvalidInputError('sizeBytes', `${bytes} is not a positive multiple of 512`);
  }
  return String(bytes);
}

function backingReference(
  path: string,
  options: { readonly backingPath: string; readonly relative?: boolean | undefined },
): string {
  const backing = diskPath(options.backingPath, 'backingPath');
  if (options.relative !== true) return backingName(backing);
  // The dot keeps a name like "nbd:x" from being read as a protocol.
  return backingName(`./${relative(dirname(path), backing)}`);
}
