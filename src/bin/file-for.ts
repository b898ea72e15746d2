import { join } from 'node:path';
import { type CommandFile, loadCommandFile } from './command-file.ts';

/** In the words of a run that may need more than the file of foreground runs; its command may have them too. */
const OF_OTHER_RUN = /^(--pool|--detach|-[a-z]*d)/;

/**
 * Loads the file of the command for a command line. Runs have smaller ones: a seventh of the whole command in a pool, and
 * half of it in the foreground.
 * @param directory of the files.
 * @param cache as for `loadCommandFile`.
 */
export function loadFileFor(args: readonly string[], directory: string, cache: string): CommandFile {
  const [verb = '', ...words] = args;
  if (verb === 'run' && words.some((word) => word.startsWith('--pool'))) {
    const pooled = loadCommandFile(join(directory, 'pooled.cjs'), cache);
    if (pooled.runs(words)) return pooled;
  }
  const isForeground = verb === 'run' && !words.some((word) => OF_OTHER_RUN.test(word));
  return loadCommandFile(join(directory, isForeground ? 'foreground.cjs' : 'main.cjs'), cache);
}
