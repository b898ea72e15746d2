import { join } from 'node:path';
import { type CommandFile, loadCommandFile } from './command-file.ts';

const VERB = /^[a-z][a-z-]{0,19}$/;

/**
 * Loads the file of the command for a command line: for a run in a pool that of such runs, a seventh of the whole command.
 * @param directory of the files.
 * @param cache as for `loadCommandFile`.
 */
export function loadFileFor(args: readonly string[], directory: string, cache: string): CommandFile {
  const [verb = '', ...words] = args;
  if (verb === 'run' && words.some((word) => word.startsWith('--pool'))) {
    const pooled = loadCommandFile(join(directory, 'pooled.cjs'), cache, 'pooled');
    if (pooled.runs(words)) return pooled;
  }
  // Each verb has compiled code of its own: V8 loads all of a file at once.
  return loadCommandFile(join(directory, 'main.cjs'), cache, VERB.test(verb) ? verb : 'other');
}
