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

/** `vmlet pull` and `vmlet image pull`. */
export function pullCommand(): Command {
  const command = new Command('pull')
    .summary('download images')
    .description(
      'Downloads images from their publishers, verifies the signature or digest if the publisher provides one, and ' +
        'prints the digests of the images. An unchanged image is not downloaded again; an interrupted download is resumed. For an image ' +
        'that is not in the catalogue (see vmlet search), give a URL and --name. Compressed files are unpacked; other disk ' +
        'formats are converted.',
    )
    .argument('<references...>', 'names such as debian:13 (see vmlet search), or https://…')
    .option('-q, --quiet', 'print only the digests')
    .option('--json', 'print the images as JSON')
    .option('--any-size', ANY_SIZE)
    .option('--name <name>', 'for a URL: name of the image (required)')
    .option('--digest <digest>', 'for a URL: expected digest of the file, such as sha256:…');
  return addGuestFlags(command, 'for a URL: ').action(pull);
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
        report(reference, image, flags);
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

function report(reference: string, image: Image, { name = reference, quiet, json }: Flags): void {
  if (!json) printLine(`sha256:${image.digest}`);
  const verification = describeVerification(image);
  if (verification === 'none') {
    note(
      isAddress(reference)
        ? `image "${name}" was not verified; to verify it, pull it again with the digest from its publisher: --digest sha256:…`
        : `image "${name}" was not verified: its publisher provides no digest or signature`,
    );
  } else if (!quiet) {
    note(`pulled ${name}, verified by its ${VERIFIED_BY[verification] ?? verification}`);
  }
}

const VERIFIED_BY: Readonly<Record<string, string>> = {
  signed: "publisher's signature",
  digest: 'digest',
};

function isAddress(reference: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(reference);
}

/** Rejects flags that describe an image from a URL: the catalogue describes all others. */
function refuseUnfitting(references: readonly string[], flags: Flags): void {
  const [address] = references.filter(isAddress);
  if (address === undefined) {
    const [path] = references.filter((reference) => reference.includes('/'));
    if (path !== undefined) {
      throw new InvalidInputError(
        'image',
        `${JSON.stringify(path)} contains a slash, so it is not the name of an image`,
        {
          hint: 'to list images to pull: vmlet search; to import a local file: vmlet image import FILE NAME; a web address begins with https://; container images are not supported',
        },
      );
    }
    const { quiet: _quiet, json: _json, anySize: _anySize, ...others } = flags;
    const [given] = Object.keys(others);
    if (given !== undefined) {
      throw new InvalidInputError(given, 'applies only to images from a URL', {
        hint:
          given === 'name'
            ? `pull the image without --name, then add the name: vmlet image tag ${references[0] ?? 'IMAGE'} ${flags.name ?? 'NAME'}`
            : `leave out this option: vmlet's catalogue sets the value for images that are pulled by name, such as ${references[0] ?? 'IMAGE'}`,
      });
    }
    return;
  }
  if (references.length > 1) {
    throw new InvalidInputError('image', 'a URL cannot be combined with other images', {
      hint: 'run vmlet pull once for each URL: --name and --digest apply to one image',
    });
  }
  if (flags.name === undefined) {
    throw new InvalidInputError('name', 'required for an image from a URL', {
      hint: 'for example: --name web:1',
    });
  }
}
