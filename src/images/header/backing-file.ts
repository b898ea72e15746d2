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
  const refuse = (reason: string, advice: string, known: Backing, cause?: unknown): ImageRefusedError =>
    new ImageRefusedError(field, image.path, [reason], {
      hint: `${advice}: ${rebaseCommand(image, known)}`,
      cause,
    });
  if (isElsewhere(name)) {
    throw refuse(
      `has a backing file that is not a local file: ${shown(name)}`,
      'copy the backing file to this host, then set its path and format in the image',
      {},
    );
  }
  if (format !== 'qcow2' && format !== 'raw') {
    throw format === undefined
      ? refuse(
          `does not state the format of its backing file ${shown(name)}`,
          'set the format of the backing file in the image',
          { name },
        )
      : refuse(
          `has a backing file in an unsupported format, ${shown(format)}: ${shown(name)}`,
          'convert the backing file to qcow2, then set the new file as its backing file',
          { format: 'qcow2' },
        );
  }
  try {
    return { path: await realpath(resolve(dirname(image.path), name)), format };
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG')) throw error;
    throw refuse(
      `has a missing or unreadable backing file: ${shown(name)}`,
      'restore the backing file, or make it readable; if it was moved, set its new path in the image',
      { format },
      error,
    );
  }
}

/** The known properties of a backing file. */
interface Backing {
  readonly name?: string;
  readonly format?: DiskFormat | undefined;
}

/** Words that a shell would interpret are not printed: the name comes from the image. */
export function rebaseCommand(
  image: { readonly path: string; readonly format: DiskFormat },
  { name, format }: Backing,
): string {
  const plain = (word: string | undefined, otherwise: string): string =>
    word !== undefined && /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(word) ? word : otherwise;
  return `qemu-img rebase -u -f ${image.format} -F ${format ?? 'FORMAT'} -b ${plain(name, 'BACKING')} ${plain(image.path, 'IMAGE')}`;
}
