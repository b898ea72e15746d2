import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { BrokenMachineError } from '../../errors/index.ts';
import type { MachineFiles } from './machine-files.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/**
 * Reads a file of a machine that vmlet or the keeper wrote; undefined when it does not exist.
 * @param parse throws any error for an invalid file.
 * @throws BrokenMachineError that names the file.
 */
export function readMachineRecord<T>(
  { directory }: Pick<MachineFiles, 'directory'>,
  path: string,
  parse: (text: string) => T,
): T | undefined {
  const text = unlessMissing(() => readFileSync(path, 'utf8'));
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw new BrokenMachineError(basename(directory), `${path} is invalid`, { cause: error });
  }
}
