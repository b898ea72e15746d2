import { Command } from 'commander';
import { ImageNotFoundError } from '../../errors/index.ts';
import { reportError } from '../output/report-error.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printLines } from '../output/say.ts';

interface Flags {
  readonly ignore?: true;
}

export function imageRmCommand(): Command {
  return new Command('rm')
    .summary('remove images')
    .description(
      'Takes names away from images; one that has lost its last name is removed. Given the beginning of a digest, the ' +
        'image goes with all of its names. One that a machine, a disk that was kept or another image needs stays, and ' +
        'it is said who needs it.',
    )
    .argument('<images...>', 'names, or beginnings of digests')
    .option('-i, --ignore', 'take no offence at images that are not there')
    .action(remove);
}

async function remove(references: string[], { ignore }: Flags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  await untilInterrupted(async (signal) => {
    for (const reference of references) {
      try {
        const { names, images } = await store.remove(reference, { signal });
        const lines = [
          ...names.map((name) => `Untagged: ${name}`),
          ...images.map(({ digest }) => `Deleted: sha256:${digest}`),
        ];
        printLines(lines.length > 0 ? lines : [`Deleted: ${reference}`]);
      } catch (error) {
        signal.throwIfAborted();
        if (ignore && error instanceof ImageNotFoundError) continue;
        process.exitCode = reportError(error);
      }
    }
  });
}
