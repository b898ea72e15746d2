import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { quoteForShell } from '../../public/format.ts';
import { type GuestFlags, addGuestFlags, guestOptions } from '../flags/guest-flags.ts';
import { ImageNews } from '../output/image-news.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { ANY_SIZE } from './image-words.ts';
import { printJson, printLine } from '../output/say.ts';

interface Flags extends GuestFlags {
  readonly digest?: string;
  readonly anySize?: true;
  readonly quiet?: true;
  readonly json?: true;
}

export function imageImportCommand(): Command {
  const command = new Command('import')
    .summary('create an image from a disk file')
    .description(
      'Creates an image from a disk file, and prints the digest of the image. vmlet copies the file and does not write to ' +
        'it. Compressed files (xz, gzip, zstd, bzip2) are unpacked; other formats (vmdk, vdi, vhd, vhdx, qed) are ' +
        'converted. A disk that needs other files, such as a backing file, is rejected.',
    )
    .argument('<file>', 'disk file')
    .argument('<name>', 'name of the image, such as web or web:1')
    .option('-q, --quiet', 'print only the digest')
    .option('--json', 'print the image as JSON')
    .option('--any-size', ANY_SIZE)
    .option('--digest <digest>', 'expected digest of the file, such as sha256:…');
  return addGuestFlags(command).action(importImage);
}

async function importImage(file: string, name: string, flags: Flags): Promise<void> {
  if (/^https?:\/\//i.test(file)) {
    throw new InvalidInputError('file', 'expected a path, not a URL', {
      hint: `to download the image: vmlet pull ${quoteForShell(file)} --name ${name}`,
    });
  }
  const { ImageStore } = await import('../../index.ts');
  const news = new ImageNews({ quiet: flags.quiet ?? false });
  const image = await untilInterrupted(async (signal) =>
    news.during(async (onProgress) =>
      new ImageStore().import(file, {
        name,
        digest: flags.digest,
        anySize: flags.anySize,
        guest: guestOptions(flags),
        onProgress,
        signal,
      }),
    ),
  );
  if (flags.json) printJson({ version: 1, image });
  else printLine(`sha256:${image.digest}`);
}
