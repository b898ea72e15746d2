import { Command } from 'commander';
import { untilInterrupted } from './until-interrupted.ts';

export function imageRmCommand(): Command {
  return new Command('rm').description('remove images').argument('<images...>').action(removeImages);
}

async function removeImages(names: string[]): Promise<void> {
  const { ImageStore } = await import('../index.ts');
  const store = new ImageStore();
  for (const name of names) {
    await untilInterrupted(async (signal) => store.remove(name, { signal }));
    process.stdout.write(`${name}\n`);
  }
}
