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
import { verifyDisk } from './verify-disk.ts';
import { type CreateArguments, createArguments, resizeArguments } from './qemu-img-arguments.ts';
import { readAnswer } from '../../process/probe/read-answer.ts';
import { qemuImg } from './qemu-img-command.ts';
import { progressReader } from './qemu-img-progress.ts';

/** Every function here throws ImageLockedError, NoSpaceError, PermissionError, CommandFailedError, MissingProgramError
 *  and InvalidInputError, and on abort the signal's reason. Paths may contain any character. */
interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** An existing disk image. Its format is never guessed: a guest can write the header of another format. */
export interface ExistingDisk extends Abortable {
  readonly path: string;
  readonly format: DiskFormat;
}

export interface CreateDiskOptions extends ExistingDisk {
  readonly sizeBytes: number;
}

/** Creates an empty disk. The file must not exist. */
export async function createDisk(options: CreateDiskOptions): Promise<void> {
  await makeDisk({ ...options, path: diskPath(options.path, 'path') });
}

/** The arguments of `createArguments`, with absolute paths and a backing file that was already checked. */
export type NewDisk = CreateArguments & Abortable;

/** Creates a disk. The file must not exist. */
export async function makeDisk({ signal, ...disk }: NewDisk): Promise<void> {
  const { path, format, sizeBytes } = disk;
  requireSize(sizeBytes);
  await makeNew(path, async () => {
    await qemuImg(createArguments(disk), path, { signal });
    await verifyDisk(path, format, sizeBytes);
  });
}

/** Options of `createOverlay`. */
export interface CreateOverlayOptions extends Abortable {
  readonly path: string;
  readonly backingPath: string;
  readonly backingFormat: DiskFormat;
  /** The size of the backing file by default. */
  readonly sizeBytes?: number | undefined;
  /** Store a path relative to the overlay's directory, so that both can be moved together; false by default. */
  readonly relative?: boolean | undefined;
}

/**
 * Creates a qcow2 that holds the differences from its backing file. The file must not exist. Only the size is read
 * from the backing file's header.
 * @throws ImageRefusedError when the backing file is not a regular file, or its size is unknown.
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

/** Options of `convertDisk`. */
export interface ConvertDiskOptions extends Abortable {
  /** Any image that `acceptForeignImage` accepts. */
  readonly from: { readonly path: string; readonly format: DiskFormat | ForeignFormat };
  /** The new image. The file must not exist. */
  readonly to: Omit<ExistingDisk, 'signal'>;
  /**
   * The backing file of `from`, which the new image (qcow2 only) also gets, by a relative path: it then holds only the
   * differences. By default the new image has no backing file.
   */
  readonly backing?: { readonly path: string; readonly format: DiskFormat } | undefined;
  /** Compress the clusters (qcow2 only); false by default. */
  readonly compress?: boolean | undefined;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Copies a disk into a new image, which has a temporary name until it is complete. */
export async function convertDisk(options: ConvertDiskOptions): Promise<void> {
  const from = diskPath(options.from.path, 'from.path');
  const to = diskPath(options.to.path, 'to.path');
  if (options.compress === true && options.to.format === 'raw') {
    throw new InvalidInputError('compress', 'raw disks do not support compression');
  }
  const compress = options.compress === true ? ['-c'] : [];
  const { backing } = options;
  if (backing && options.to.format === 'raw') {
    throw new InvalidInputError('backing', 'raw disks do not support backing files');
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
        // Images with a backing file were created by vmlet, and need no confinement.
        files: backing ? undefined : { readOnly: [from], own: [dirname(to)] },
      },
    );
    await verifyDisk(partial, options.to.format);
  });
  await rename(partial, to);
}

export interface ResizeDiskOptions extends ExistingDisk {
  readonly sizeBytes: number;
  /** Allow a smaller size, which discards the data beyond it; false by default. */
  readonly shrink?: boolean | undefined;
}

/** Changes the size of a disk. */
export async function resizeDisk(options: ResizeDiskOptions): Promise<void> {
  const path = diskPath(options.path, 'path');
  const { format, sizeBytes, shrink = false, signal } = options;
  requireSize(sizeBytes);
  await qemuImg(resizeArguments({ path, format, sizeBytes, shrink }), path, { signal });
  await verifyDisk(path, format, sizeBytes);
}

/** Options of `rebaseDisk`. */
export interface RebaseDiskOptions extends Abortable {
  /** The qcow2 whose backing file is changed. */
  readonly path: string;
  /** The new backing file; undefined makes the disk independent. */
  readonly backing: { readonly path: string; readonly format: DiskFormat } | undefined;
  /** Only change the name, because both have the same contents or the old one is gone; false by default. */
  readonly nameOnly?: boolean | undefined;
  /** Store a path relative to the disk's directory; false by default. */
  readonly relative?: boolean | undefined;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Changes the backing file of a disk. The contents that the guest sees stay the same. */
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

/** Options of `commitDisk`. */
export interface CommitDiskOptions extends Abortable {
  /** The qcow2 overlay, which is empty afterwards. */
  readonly path: string;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Merges an overlay into its backing file. */
export async function commitDisk(options: CommitDiskOptions): Promise<void> {
  const path = diskPath(options.path, 'path');
  await qemuImg(['commit', '-p', '-f', 'qcow2', path], path, {
    signal: options.signal,
    onStdout: progressReader(options.onProgress),
  });
}

const measureSchema = z.object({ required: z.number(), 'fully-allocated': z.number() });

/** Options of `measureDisk`. */
export interface MeasureDiskOptions extends Abortable {
  /** An image to convert, or the size of an empty one in bytes. */
  readonly source: Omit<ExistingDisk, 'signal'> | { readonly sizeBytes: number };
  readonly format: DiskFormat;
}

/** The size in bytes of the file of a new image. */
export interface DiskMeasure {
  /** With the current contents of the source. */
  readonly requiredBytes: number;
  /** After the guest has written to every sector. */
  readonly fullyAllocatedBytes: number;
}

/** Returns the space that a converted disk would need. */
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
    throw new InvalidInputError('sizeBytes', `${bytes} is not a positive multiple of 512 below 2^53`);
  }
  return String(bytes);
}

function backingReference(
  path: string,
  options: { readonly backingPath: string; readonly relative?: boolean | undefined },
): string {
  const backing = diskPath(options.backingPath, 'backingPath');
  if (options.relative !== true) return backingName(backing);
  // The dot keeps a name such as "nbd:x" from being read as a protocol.
  return backingName(`./${relative(dirname(path), backing)}`);
}
