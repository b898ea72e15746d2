import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { Image, ImageStore } from '../../index.ts';
import { type GuestFlags, addGuestFlags, guestOptions } from '../flags/guest-flags.ts';
import { ImageNews } from '../output/image-news.ts';
import { ANY_SIZE, describeVerification } from './image-words.ts';
import { reportError } from '../output/report-error.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

interface Flags extends GuestFlags {
  readonly name?: string;
  readonly digest?: string;
  readonly anySize?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** `vmlet pull`, which `vmlet image pull` is too. */
export function pullCommand(): Command {
  const command = new Command('pull')
    .summary('download images')
    .description(
      'Gets images from their publishers, verified as the catalogue says, and prints their digests. What is there ' +
        'already and has not changed is not fetched again; what was interrupted is taken up. An image from elsewhere ' +
        'is given by its address and a name; compressed ones are unpacked, and disks of other programs converted.',
    )
    .argument('<references...>', 'as in debian:13, see vmlet image ls --remote; or https://…')
    .option('-q, --quiet', 'print the digests alone')
    .option('--json', 'print the images as JSON')
    .option('--any-size', ANY_SIZE)
    .option('--name <name>', 'an address: what the image is called')
    .option('--digest <digest>', 'an address: what its publisher says of the file, as in sha256:…');
  return addGuestFlags(command, 'an address: ').action(pull);
}

async function pull(references: string[], flags: Flags): Promise<void> {
  refuseUnfitting(references, flags);
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const news = new ImageNews({ quiet: flags.quiet ?? false });
  const pulled: Image[] = [];
  await untilInterrupted(async (signal) => {
    for (const reference of references) {
      try {
        const image = await news.during(async (onProgress) =>
          pullOne(store, reference, flags, { onProgress, signal }),
        );
        pulled.push(image);
        report(flags.name ?? reference, image, flags);
      } catch (error) {
        signal.throwIfAborted();
        process.exitCode = reportError(error);
      }
    }
  });
  if (flags.json) printJson({ version: 1, images: pulled });
}

type PullOptions = NonNullable<Parameters<ImageStore['pull']>[1]>;

async function pullOne(
  store: ImageStore,
  reference: string,
  flags: Flags,
  options: PullOptions,
): Promise<Image> {
  if (!isAddress(reference)) return store.pull(reference, { ...options, anySize: flags.anySize });
  const { name = '', digest } = flags;
  return store.pullUrl(reference, {
    ...options,
    anySize: flags.anySize,
    name,
    digest,
    guest: guestOptions(flags),
  });
}

function report(name: string, image: Image, { quiet, json }: Flags): void {
  if (!json) printLine(`sha256:${image.digest}`);
  const verification = describeVerification(image);
  if (verification === 'none') {
    note(`${name} was taken as it came: nothing says that it is what its publisher made`);
  } else if (!quiet) {
    note(`${name} is there, verified by its ${VERIFIED_BY[verification] ?? 'recipe'}`);
  }
}

const VERIFIED_BY: Readonly<Record<string, string>> = {
  signed: "publisher's signature",
  digest: 'digest',
};

function isAddress(reference: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(reference);
}

/** What describes an image from an address is part of the catalogue for all others. */
function refuseUnfitting(references: readonly string[], flags: Flags): void {
  const [address] = references.filter(isAddress);
  if (address === undefined) {
    const { quiet: _quiet, json: _json, ...others } = flags;
    const [given] = Object.keys(others);
    if (given !== undefined) {
      throw new InvalidInputError(given, 'this is told of an image from an address alone', {
        hint: `the catalogue knows it of ${references.join(', ')}; another name: vmlet image tag`,
      });
    }
    const [path] = references.filter((reference) => reference.includes('/'));
    if (path === undefined) return;
    throw new InvalidInputError('image', `${JSON.stringify(path)} is not the name of an image`, {
      hint: 'a file of your own: vmlet image import FILE NAME. Images of containers are no disks',
    });
  }
  if (references.length > 1) {
    throw new InvalidInputError('image', 'what comes from an address is pulled alone', {
      hint: 'its --name and --digest are of one image',
    });
  }
  if (flags.name === undefined) {
    throw new InvalidInputError('name', 'an image from an address needs one', {
      hint: 'as in --name web:1',
    });
  }
}
