import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, problemOf } from '../api/client.ts';
import type { ApiProblem } from '../api/types.ts';
import { useValue } from '../values/observable.ts';
import { changes } from './machines.ts';

interface Loaded<T> {
  /** The last answer; undefined before the first one. */
  readonly data: T | undefined;
  readonly problem: ApiProblem | undefined;
  readonly reload: () => void;
}

/**
 * Fetches a path, and again when it or `version` changes; the earlier answer is shown meanwhile. A change during a request
 * does not end it, or a slow list would never be shown while changes are frequent: the next one follows it.
 */
export function useLoaded<T>(path: string, version?: unknown): Loaded<T> {
  const [data, setData] = useState<T>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [turn, setTurn] = useState(0);
  const load = useRef<() => void>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    load.current = oneAtATime(signal, async () => {
      try {
        const found = await get<T>(path, signal);
        if (signal.aborted) return;
        setData(() => found);
        setProblem(undefined);
      } catch (error) {
        if (!signal.aborted) setProblem(problemOf(error));
      }
    });
    return () => stop.abort();
  }, [path]);
  useEffect(() => load.current?.(), [path, version, turn]);
  return { data, problem, reload: useCallback(() => setTurn((last) => last + 1), []) };
}

/**
 * Fetches a path, and again after each change of any machine or by an operation; and when the user returns to the window,
 * since the server reports no changes of images, templates and volumes by other commands.
 */
export function useCurrent<T>(path: string): Loaded<T> {
  const loaded = useLoaded<T>(path, useValue(changes));
  const { reload } = loaded;
  useEffect(() => {
    addEventListener('focus', reload);
    return () => removeEventListener('focus', reload);
  }, [reload]);
  return loaded;
}

/** Returns a function that starts the work, or has it follow the one that runs. */
function oneAtATime(signal: AbortSignal, work: () => Promise<void>): () => void {
  let runs = false;
  let isWanted = false;
  const run = async (): Promise<void> => {
    isWanted = true;
    if (runs) return;
    runs = true;
    while (isWanted && !signal.aborted) {
      isWanted = false;
      await work();
    }
    runs = false;
  };
  return () => void run();
}
