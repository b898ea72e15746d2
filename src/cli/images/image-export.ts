import { Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../public/format.ts';
import type { ExportFormat } from '../../index.ts';
import { ProgressLine } from '../output/progress.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printLine } from '../output/say.ts';

interface Flags {
  readonly format?: ExportFormat;
  readonly compress?: true;
  readonly force?: true;
}

export function imageExportCommand(): Command {
  return new Command('export')
    .summary('write an image to a file')
    .description(
      'Writes an image, including its backing images, to one file. The file appears only when it is complete.',
    )
    .argument('<stored-image>', 'name or digest prefix of the image')
    .argument('<file>', 'file to write')
    .addOption(
      new Option(
        '--format <format>',
        'format of the file (default: according to the suffix of FILE, such as .vmdk; qcow2 if the suffix is unknown)',
      ).choices(['qcow2', 'raw', 'vmdk', 'vdi', 'vhdx', 'vhd']),
    )
    .option('--compress', 'compress the data in the written file; only for qcow2')
    .option('-f, --force', 'replace an existing file')
    .action(exportImage);
}

async function exportImage(reference: string, file: string, flags: Flags): Promise<void> {
  if (file === '-') {
    throw new InvalidInputError('file', 'images cannot be written to standard output', {
      hint: 'give the path of a file; for a file with the name "-", write ./-',
    });
  }
  const { ImageStore } = await import('../../index.ts');
  const progress = new ProgressLine();
  try {
    const { path, bytes, format } = await untilInterrupted(async (signal) =>
      new ImageStore().export(reference, file, {
        ...flags,
        signal,
        onProgress: (fraction) => progress.show(`${reference}: writing ${Math.floor(fraction * 100)} %`),
      }),
    );
    progress.clear();
    printLine(path);
    note(`wrote ${reference} as ${format}, ${formatBytes(bytes)}`);
  } finally {
    progress.clear();
  }
}
