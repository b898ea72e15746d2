import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ImageRefusedError, isSystemError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { type ImageHeader, shown } from './formats/image-header.ts';
import { isElsewhere } from './verdict.ts';

/**
 * The file that a trusted image stands on.
 * @param image its path without links: a relative name counts from there.
 * @throws ImageRefusedError where that is no file of this host, or has no format that is said and known.
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
      hint: `write down what it stands on: qemu-img rebase -u -f ${image.format} -F FORMAT -b BACKING IMAGE`,
      cause,
    });
  if (isElsewhere(name)) throw refuse(`stands on ${shown(name)}, which is no file of this host`);
  if (format !== 'qcow2' && format !== 'raw') {
    const said = format === undefined ? 'does not say the format' : `says the format ${shown(format)}`;
    throw refuse(`${said} of its backing file ${shown(name)}`);
  }
  try {
    return { path: await realpath(resolve(dirname(image.path), name)), format };
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) throw error;
    throw refuse(`stands on ${shown(name)}, which is not there or may not be read`, error);
  }
}
