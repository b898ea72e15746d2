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
      'Writes an image to a file that stands alone, whatever the image stands on. The file is there when it is whole.',
    )
    .argument('<stored-image>', 'its name, or the beginning of its digest')
    .argument('<file>', 'where to')
    .addOption(
      new Option(
        '--format <format>',
        'what the file is (default: as its name ends, as in .vmdk, else qcow2)',
      ).choices(['qcow2', 'raw', 'vmdk', 'vdi', 'vhdx', 'vhd']),
    )
    .option('--compress', 'compress what is in a qcow2')
    .option('-f, --force', 'replace a file that is there')
    .action(exportImage);
}

async function exportImage(reference: string, file: string, flags: Flags): Promise<void> {
  if (file === '-') {
    throw new InvalidInputError('file', 'an image cannot be written to the standard output', {
      hint: 'give the path of a file; ./- for one of that name',
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
    note(`${reference} is a ${format} of ${formatBytes(bytes)} there`);
  } finally {
    progress.clear();
  }
}
