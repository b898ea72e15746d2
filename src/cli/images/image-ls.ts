import { basename } from 'node:path';
import { Command } from 'commander';
import { formatBytes, formatMoment } from '../../public/format.ts';
import type { ListedImage } from '../../index.ts';
import { catalogueTable } from './catalogue-table.ts';
import { describeOrigin, describeVerification } from './image-words.ts';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { table } from '../output/table.ts';
import { note } from '../output/say.ts';

interface Flags extends FormatFlags {
  readonly remote?: true;
  readonly quiet?: true;
}

export function imageLsCommand(): Command {
  const command = new Command('ls')
    .summary('list the images')
    .description(
      'Lists local images, newest first. With --remote, lists the images that can be pulled by name. The column VERIFIED ' +
        'shows how an image was verified: signed (by the signature of its publisher), digest (by its digest) or none (not ' +
        'verified); images that were built on this host have the value built.',
    )
    .argument('[stored-image]', 'list only images of this name, such as debian:13, or debian for all tags')
    .option('--remote', 'list the images that can be pulled by name; needs no network')
    .option('-q, --quiet', 'print only digests; with --remote, only names');
  return addFormatOptions(command, '{{.Names}} {{.Bytes}}').action(list);
}

async function list(wanted: string | undefined, flags: Flags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const isWanted = (name: string): boolean =>
    wanted === undefined || name === wanted || name.startsWith(`${wanted}:`);
  if (flags.remote) {
    const rows = await store.catalogue();
    const shown = rows.filter(({ reference, aliases }) => [reference, ...aliases].some(isWanted));
    if (!printRecords(flags, 'images', shown)) process.stdout.write(catalogueTable(shown, flags));
    return;
  }
  const { images, broken } = await store.list();
  const shown = images.filter(
    ({ names, digest }) =>
      wanted === undefined || names.some(isWanted) || digest.startsWith(wanted.replace(/^sha256:/, '')),
  );
  if (printRecords(flags, 'images', shown.map(withVerification), { broken })) return;
  process.stdout.write(
    flags.quiet ? shown.map(({ digest }) => `${shortOf(digest)}\n`).join('') : tableOf(shown),
  );
  for (const { path, reason } of broken) {
    const digest = shortOf(basename(path).replace('sha256-', ''));
    note(`damaged image ${path}: ${reason}; to remove it: vmlet image rm ${digest}`);
  }
}

function tableOf(images: readonly ListedImage[]): string {
  const rows = images.map((image) => [
    image.names.join(' ') || '<none>',
    shortOf(image.digest),
    describeOrigin(image),
    describeVerification(image),
    formatBytes(image.bytes),
    image.kind === 'disk' ? formatBytes(image.virtualBytes) : '',
    formatMoment(image.createdAt),
  ]);
  return table([['NAME', 'DIGEST', 'ORIGIN', 'VERIFIED', 'SIZE', 'DISK', 'CREATED'], ...rows], {
    numbers: [4, 5],
  });
}

/** The entry of an image in `--json`, without the hundreds of packages that `inspect` shows. */
export function withVerification(image: ListedImage) {
  const { sources: _sources, ...others } = image;
  return { ...others, verification: describeVerification(image) };
}

/** Shortens a digest to a prefix that every command accepts. */
function shortOf(digest: string): string {
  return digest.slice(0, 12);
}
