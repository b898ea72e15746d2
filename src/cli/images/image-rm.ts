import { Command } from 'commander';
import { ImageNotFoundError } from '../../errors/index.ts';
import { noteWait } from './image-words.ts';
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
      'Removes names of images. An image is deleted when its last name is removed, with the unused earlier images ' +
        'that had this name. With a digest prefix instead of a name, or any name of a damaged image, deletes the ' +
        'image and all of its names. An image that is used by a machine, a template, a pool, another ' +
        'image, or a disk that vmlet rm kept is not deleted; the error says what uses the image.',
    )
    .argument('<images...>', 'names or digest prefixes of the images')
    .option('-i, --ignore', 'ignore images that do not exist')
    .action(remove);
}

async function remove(references: string[], { ignore }: Flags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  await untilInterrupted(async (signal) => {
    for (const reference of references) {
      try {
        const { names, images } = await store.remove(reference, { signal, onWait: noteWait });
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
