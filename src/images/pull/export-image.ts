import { randomUUID } from 'node:crypto';
import { link, lstat, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { diskPath } from '../qemu-img/disk-path.ts';
import type { DiskLayer, Image } from '../record/image.ts';
import { existsError, makeNew } from '../qemu-img/new-file.ts';
import { qemuImg } from '../qemu-img/qemu-img-command.ts';
import { progressReader } from '../qemu-img/qemu-img-progress.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';

/** `vhd` is Microsoft's older format, which Azure uses. */
export const EXPORT_FORMATS = ['qcow2', 'raw', 'vmdk', 'vdi', 'vhdx', 'vhd'] as const;
/** A format that images are exported to. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Options of `exportImage`. */
export interface ExportOptions {
  /** By default the format that the file's extension names, else qcow2. */
  readonly format?: ExportFormat | undefined;
  /** Compress the disk's contents (qcow2 only); false by default. */
  readonly compress?: boolean | undefined;
  /** Replace an existing file; false by default. */
  readonly force?: boolean | undefined;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The file that an image was exported to. */
export interface ExportedImage {
  /** Absolute. */
  readonly path: string;
  readonly format: ExportFormat;
  readonly bytes: number;
}

const EXISTS_HINT = 'choose another name, or add --force to replace the file';

/** qemu-img's options for each format, which keep the disk's exact size. */
const DRIVERS: Readonly<Record<ExportFormat, readonly string[]>> = {
  qcow2: ['-O', 'qcow2'],
  raw: ['-O', 'raw'],
  vmdk: ['-O', 'vmdk'],
  vdi: ['-O', 'vdi'],
  vhdx: ['-O', 'vhdx'],
  // Otherwise the size is rounded up to whole cylinders.
  vhd: ['-O', 'vpc', '-o', 'force_size=on'],
};

/**
 * Writes an image to a file without a backing file. The file has a temporary name until it is complete.
 * @throws InvalidInputError for an existing file unless `force` is set; NoSpaceError, PermissionError,
 *   MissingProgramError, the signal's reason.
 */
export async function exportImage(
  image: Image,
  file: string,
  options: ExportOptions = {},
): Promise<ExportedImage> {
  if (image.kind !== 'disk') {
    throw new InvalidInputError('image', `${image.name} is a kernel with an initramfs, not a disk`, {
      hint: `copy the files of the image instead: ${image.kernelPath} and ${image.initrdPath}`,
    });
  }
  const { force = false, compress = false, signal } = options;
  const path = diskPath(file, 'file');
  const format = options.format ?? formatByName(path);
  if (compress && format !== 'qcow2') {
    throw new InvalidInputError('compress', `applies only to qcow2, not to ${format}`, {
      hint: 'omit --compress, or use --format qcow2',
    });
  }
  await refuseTarget(path, force);
  const partial = join(dirname(path), `.${basename(path).slice(0, 80)}.${randomUUID()}.partial`);
  const args = ['convert', '-p', ...(compress ? ['-c'] : []), ...DRIVERS[format], sourceOf(image), partial];
  await makeNew(partial, async () => {
    await qemuImg(args, path, { signal, onStdout: progressReader(options.onProgress) });
    await (force ? rename(partial, path) : moveToFree(partial, path));
  });
  return { path, format, bytes: (await stat(path)).size };
}

function formatByName(path: string): ExportFormat {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return EXPORT_FORMATS.find((format) => format === ending) ?? 'qcow2';
}

/** Describes the chain of layers as the manifests record it. References in the images' headers are never followed. */
function sourceOf(layer: DiskLayer): string {
  return `json:${JSON.stringify(nodeOf(layer))}`;
}

function nodeOf({ path, format, backing }: DiskLayer): object {
  return {
    driver: format,
    file: { driver: 'file', filename: path },
    // Without the explicit null, qemu-img would open the file that the header names.
    ...(format === 'qcow2' && { backing: backing ? nodeOf(backing) : null }),
  };
}

async function refuseTarget(path: string, force: boolean): Promise<void> {
  const found = await unlessMissingAsync(lstat(path));
  if (!found) return;
  if (!force) throw existsError(path, { hint: EXISTS_HINT });
  if (found.isFile()) return;
  throw new InvalidInputError('file', `${path} is not a regular file and cannot be replaced`, {
    hint: 'choose another name',
  });
}

/** Moves a file without replacing one that was created in the meantime. */
async function moveToFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    await rm(from);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw existsError(to, { hint: EXISTS_HINT });
    // Some file systems, such as FAT, have no hard links.
    if (!isSystemError(error, 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS')) throw error;
    await refuseTarget(to, false);
    await rename(from, to);
  }
}
