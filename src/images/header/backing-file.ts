import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ImageRefusedError, isSystemError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { type ImageHeader, shown } from './formats/image-header.ts';
import { isElsewhere } from './verdict.ts';

/**
 * Returns the backing file of a trusted image.
 * @param image with a path without symbolic links, to which a relative name refers.
 * @throws ImageRefusedError for a backing file that is not a local file, or whose format is unstated or unsupported.
 */
export async function backingFileOf(
  image: { readonly path: string; readonly format: DiskFormat; readonly header: ImageHeader },
  field: string,
): Promise<{ readonly path: string; readonly format: DiskFormat } | undefined> {
  const reference = image.header.references.find(({ kind }) => kind === 'backing');
  if (!reference) return undefined;
  const { name, format } = reference;
  const refuse = (reason: string, cause?: unknown): ImageRefusedError =>
    new ImageRefusedError(field, image.path, [reason], {
      hint: `record the path and format of the backing file in the image: qemu-img rebase -u -f ${image.format} -F FORMAT -b BACKING IMAGE`,
      cause,
    });
  if (isElsewhere(name)) throw refuse(`has a backing file that is not a local file: ${shown(name)}`);
  if (format !== 'qcow2' && format !== 'raw') {
    throw refuse(
      format === undefined
        ? `does not state the format of its backing file ${shown(name)}`
        : `has a backing file in an unsupported format, ${shown(format)}: ${shown(name)}`,
    );
  }
  try {
    return { path: await realpath(resolve(dirname(image.path), name)), format };
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) throw error;
    throw refuse(`has a missing or unreadable backing file: ${shown(name)}`, error);
  }
}
