import { join } from 'node:path';
import { type CommandFile, loadCommandFile } from './command-file.ts';

/**
 * Loads the file of the command for a command line: for a run in a pool that of such runs, a seventh of the whole command.
 * @param directory of the files.
 * @param cache as for `loadCommandFile`.
 */
export function loadFileFor(args: readonly string[], directory: string, cache: string): CommandFile {
  const [verb = '', ...words] = args;
  if (verb === 'run' && words.some((word) => word.startsWith('--pool'))) {
    const pooled = loadCommandFile(join(directory, 'pooled.cjs'), cache);
    if (pooled.runs(words)) return pooled;
  }
  return loadCommandFile(join(directory, 'main.cjs'), cache);
}
