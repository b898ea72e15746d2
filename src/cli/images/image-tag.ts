import { Command } from 'commander';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printLine } from '../output/say.ts';

export function imageTagCommand(): Command {
  return new Command('tag')
    .summary('give an image more names')
    .description(
      'Gives an image more names. Another image that had one of them loses it. vmlet image rm takes a name away again.',
    )
    .argument('<stored-image>', 'a name that it has, or the beginning of its digest')
    .argument('<names...>', 'as in web or web:1')
    .action(tag);
}

async function tag(reference: string, names: string[]): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  await untilInterrupted(async (signal) => {
    // All names are of the image that has the first one now, and not of what has it in between.
    const { digest } = await store.get(reference);
    for (const name of names) {
      await store.tag(digest, name, { signal });
      printLine(name);
    }
  });
}
