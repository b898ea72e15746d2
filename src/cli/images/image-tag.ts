import { Command } from 'commander';
import { noteWait } from './image-words.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printLine } from '../output/say.ts';

export function imageTagCommand(): Command {
  return new Command('tag')
    .summary('add names to an image')
    .description(
      'Adds names to an image. If a name already belongs to another image, the name moves to this image. To remove a name: ' +
        'vmlet image rm NAME. Removing the last name also deletes the image.',
    )
    .argument('<stored-image>', 'name or digest prefix of the image')
    .argument('<names...>', 'new names, such as web or web:1')
    .action(tag);
}

async function tag(reference: string, names: string[]): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  await untilInterrupted(async (signal) => {
    // The image is resolved once: another process may move the first name meanwhile.
    const { digest } = await store.get(reference);
    for (const name of names) {
      await store.tag(digest, name, { signal, onWait: noteWait });
      printLine(name);
    }
  });
}
