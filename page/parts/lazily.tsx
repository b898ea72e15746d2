import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemOf } from '../api/client.ts';
import type { ApiProblem } from '../api/types.ts';
import { Problem } from './problem.tsx';

/**
 * Returns a component whose code is loaded when it is first shown.
 * @param Waiting takes its place meanwhile, so that nothing moves.
 */
export function lazily<Properties extends object>(
  load: () => Promise<FunctionComponent<Properties>>,
  Waiting: FunctionComponent = () => <p class="faint">…</p>,
): FunctionComponent<Properties> {
  return function Lazy(properties: Properties) {
    const [loaded, setLoaded] = useState<{ readonly component: FunctionComponent<Properties> }>();
    const [problem, setProblem] = useState<ApiProblem>();
    useEffect(() => {
      load().then(
        (component) => setLoaded({ component }),
        (error: unknown) => setProblem(problemOf(error)),
      );
    }, []);
    if (problem) return <Problem problem={problem} />;
    return loaded ? <loaded.component {...properties} /> : <Waiting />;
  };
}
