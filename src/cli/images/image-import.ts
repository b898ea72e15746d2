import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
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
    .summary('make an image of a file')
    .description(
      'Makes an image of a file with a disk, which stays as it is, and prints the image’s digest. Files that are ' +
        'compressed (xz, gzip, zstd, bzip2) are unpacked, disks of other programs (vmdk, vdi, vhd, vhdx, qed) converted. ' +
        'One that takes part of its contents from other files is refused.',
    )
    .argument('<file>', 'a disk')
    .argument('<name>', 'what the image is called, as in web or web:1')
    .option('-q, --quiet', 'print the digest alone')
    .option('--json', 'print the image as JSON')
    .option('--any-size', ANY_SIZE)
    .option('--digest <digest>', 'what its publisher says of the file, as in sha256:…');
  return addGuestFlags(command).action(importImage);
}

async function importImage(file: string, name: string, flags: Flags): Promise<void> {
  if (/^https?:\/\//i.test(file)) {
    throw new InvalidInputError('file', 'is an address', {
      hint: `fetch it with: vmlet pull ADDRESS --name ${name}`,
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
