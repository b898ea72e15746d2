import { useEffect, useState } from 'preact/hooks';
import { problemOf, tryOut } from '../api/client.ts';
import type { ApiProblem } from '../api/types.ts';

interface Preview<T> {
  readonly result: T | undefined;
  readonly problem: ApiProblem | undefined;
}

/** The result of an action’s dry run; undefined until it is known. */
export function usePreview<T>(path: string, all: boolean): Preview<T> {
  const [preview, setPreview] = useState<Preview<T>>({ result: undefined, problem: undefined });
  useEffect(() => {
    const stop = new AbortController();
    setPreview({ result: undefined, problem: undefined });
    tryOut<T>(path, all ? { all } : {}, stop.signal).then(
      (result) => setPreview({ result, problem: undefined }),
      (error: unknown) => {
        if (!stop.signal.aborted) setPreview({ result: undefined, problem: problemOf(error) });
      },
    );
    return () => stop.abort();
  }, [path, all]);
  return preview;
}
