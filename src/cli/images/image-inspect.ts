import { Command } from 'commander';
import type { InspectedImage } from '../../index.ts';
import { reportError } from '../output/report-error.ts';
import { printJson } from '../output/say.ts';

export function imageInspectCommand(): Command {
  return new Command('inspect')
    .summary('print all that is known of images')
    .description(
      'Prints all that is known of images as JSON: where they came from, how that was verified, what their guest ' +
        'needs, what they stand on, and who needs them.',
    )
    .argument('<images...>', 'names, or beginnings of digests')
    .action(inspect);
}

async function inspect(references: string[]): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const images: InspectedImage[] = [];
  for (const reference of references) {
    try {
      images.push(await store.inspect(reference));
    } catch (error) {
      process.exitCode = reportError(error);
    }
  }
  printJson({ version: 1, images });
}
