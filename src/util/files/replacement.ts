import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemError } from '../../errors/index.ts';

const POLL_MS = 2000;

/**
 * Calls back whenever a file may have been replaced (`exchangeFile`).
 * @param pollMs how often it calls back where the kernel reports no changes.
 * @returns a function that stops this.
 */
export function onReplacement(path: string, callBack: () => void, pollMs = POLL_MS): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
    clearInterval(timer);
    watcher?.close();
  };
  const poll = (): void => {
    watcher?.close();
    // A watch can fail after its end.
    if (!isStopped) timer ??= setInterval(callBack, pollMs);
  };
  try {
    watcher = watch(dirname(path), (_kind, name) => {
      if (name === null || name === basename(path)) callBack();
    });
    watcher.on('error', poll);
  } catch (error) {
    // Its directory is missing, or the user's watches are used up (fs.inotify.max_user_watches).
    if (!isSystemError(error)) throw error;
    poll();
  }
  return stop;
}
