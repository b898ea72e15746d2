import { existsSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { writeOut } from '../output/standard-output.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { removeFile } from '../../util/files/removal.ts';
import { printLine } from '../output/say.ts';

const STANDARD_OUTPUT = '-';
const OTHER_FORMAT = /\.(?:bmp|gif|jpe?g|p[bgnp]m|tiff?|webp)$/i;

export function screenshotCommand(): Command {
  return new Command('screenshot')
    .description('Saves the screen of a machine as a PNG file, and prints the name of the file.')
    .argument('<machine>', 'name of the machine')
    .argument('[file]', 'file to write; - for standard output (default: MACHINE.png)')
    .option('--force', 'overwrite an existing file')
    .action(screenshot);
}

async function screenshot(
  name: string,
  given: string | undefined,
  { force }: { force?: true },
): Promise<void> {
  if (given !== undefined && OTHER_FORMAT.test(given)) {
    throw new InvalidInputError('file', `vmlet writes PNG, and ${given} has the ending of another format`, {
      hint: 'give a name that ends in .png, and convert the picture with another program',
    });
  }
  const { MachineStore } = await import('../../machines/index.ts');
  const machine = new MachineStore().get(name).live();
  const file = given ?? `${name}.png`;
  if (file === STANDARD_OUTPUT && process.stdout.isTTY) {
    throw new InvalidInputError('file', 'cannot write an image to a terminal', {
      hint: 'give the name of a file instead of -, or redirect stdout to a file',
    });
  }
  if (file !== STANDARD_OUTPUT && !force && existsSync(file)) throw isThere(file);
  const png = await untilInterrupted(async (signal) => machine.screenshot({ signal }));
  if (file === STANDARD_OUTPUT) {
    await writeOut(png);
    return;
  }
  write(file, png, force === true);
  printLine(file);
}

function write(file: string, png: Buffer, force: boolean): void {
  try {
    writeFileSync(file, png, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw isThere(file);
    // Do not leave an incomplete picture.
    if (!force) removeFile(file);
    throw error;
  }
}

function isThere(file: string): InvalidInputError {
  return new InvalidInputError('file', `${file} already exists`, {
    hint: 'give another name, or use --force to overwrite the file',
  });
}
