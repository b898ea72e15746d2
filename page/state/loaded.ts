import { useCallback, useEffect, useState } from 'preact/hooks';
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

/** Fetches a path, and again when it or `version` changes; the earlier answer is shown meanwhile. */
export function useLoaded<T>(path: string, version?: unknown): Loaded<T> {
  const [data, setData] = useState<T>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    get<T>(path, stop.signal).then(
      (found) => {
        setData(() => found);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setProblem(problemOf(error));
      },
    );
    return () => stop.abort();
  }, [path, version, turn]);
  return { data, problem, reload: useCallback(() => setTurn((last) => last + 1), []) };
}

/** Fetches a path, and again after each change of a machine or by an operation. */
export function useCurrent<T>(path: string): Loaded<T> {
  return useLoaded<T>(path, useValue(changes));
}
