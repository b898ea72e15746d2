import { Command } from 'commander';
import type { InspectedImage } from '../../index.ts';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { reportError } from '../output/report-error.ts';

export function imageInspectCommand(): Command {
  const command = new Command('inspect')
    .summary('show everything about images as JSON')
    .description(
      'Shows everything about images as JSON: origin, verification, requirements, backing image, and what uses the image.',
    )
    .argument('<images...>', 'names or digest prefixes of the images');
  return addFormatOptions(command, '{{.Names}} {{.Origin.Kind}}').action(inspect);
}

async function inspect(references: string[], flags: FormatFlags): Promise<void> {
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
  printRecords({ format: 'json', ...flags }, 'images', images);
}
