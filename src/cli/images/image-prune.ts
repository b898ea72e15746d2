import { Command } from 'commander';
import { confirm } from '../output/confirm.ts';
import { describeAmount } from './image-words.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printLine } from '../output/say.ts';

interface Flags {
  readonly all?: true;
  readonly dryRun?: true;
  readonly force?: true;
}

export function imagePruneCommand(): Command {
  return new Command('prune')
    .summary('remove images that nobody needs')
    .description(
      'Removes the images that have no name any more and that no machine, kept disk or other image needs; with --all ' +
        'those that have names too. Prints the digests of what is gone.',
    )
    .option('-a, --all', 'remove images with names too')
    .option('--dry-run', 'only print what would be removed')
    .option('-f, --force', 'with --all: do not ask, as is never done where nobody could answer')
    .action(prune);
}

async function prune(flags: Flags): Promise<void> {
  await untilInterrupted(async (signal) => pruneImages(flags, signal));
}

/** The part of it that `vmlet system prune` does too. */
export async function pruneImages({ all, dryRun, force }: Flags, signal: AbortSignal): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const which = { all: all ?? false, signal };
  if (all && !dryRun && !force) {
    const going = await store.prune({ ...which, dryRun: true });
    const named = going.flatMap(({ names }) => names);
    if (named.length > 0 && !(await confirm(`Remove the images ${named.join(', ')}?`, signal))) return;
  }
  const images = await store.prune({ ...which, dryRun: dryRun ?? false });
  for (const { digest, names } of images) {
    printLine([`sha256:${digest}`, ...names].join(' '));
  }
  const bytes = images.reduce((sum, image) => sum + image.bytes, 0);
  const amount = describeAmount(images.length, 'image', bytes);
  note(`${dryRun ? 'would remove' : 'removed'} ${amount}`);
}
