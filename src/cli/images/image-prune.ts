import { Command } from 'commander';
import { confirm } from '../output/confirm.ts';
import { describeAmount, noteWait } from './image-words.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printLine } from '../output/say.ts';

interface Flags {
  readonly all?: true;
  readonly dryRun?: true;
  readonly force?: true;
}

export function imagePruneCommand(): Command {
  return new Command('prune')
    .summary('remove unused images')
    .description(
      'Removes images that have no name and are not used by a machine, a template, a disk that vmlet rm kept, or another ' +
        'image. With --all, also removes unused images that have names. Prints the digests of the removed images.',
    )
    .option('-a, --all', 'also remove unused images that have names')
    .option('--dry-run', 'only print what would be removed')
    .option('-f, --force', 'with --all: do not ask for confirmation (without a terminal, vmlet never asks)')
    .action(prune);
}

async function prune(flags: Flags): Promise<void> {
  await untilInterrupted(async (signal) => pruneImages(flags, signal));
}

/** Shared with `vmlet system prune`. */
export async function pruneImages({ all, dryRun, force }: Flags, signal: AbortSignal): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const which = { all: all ?? false, dryRun: dryRun ?? false, signal, onWait: noteWait };
  let only: string[] | undefined;
  if (all && !dryRun && !force) {
    const going = await store.prune({ ...which, dryRun: true });
    const named = going.flatMap(({ names }) => names);
    if (named.length > 0 && !(await confirm(`Remove the images ${named.join(', ')}?`, signal))) return;
    only = going.map(({ digest }) => digest);
  }
  const images = await store.prune({ ...which, only });
  for (const { digest, names } of images) {
    printLine([`sha256:${digest}`, ...names].join(' '));
  }
  const bytes = images.reduce((sum, image) => sum + image.bytes, 0);
  const amount = describeAmount(images.length, 'image', bytes);
  note(`${dryRun ? 'would remove' : 'removed'} ${amount}`);
}
