import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemOf } from '../api/client.ts';
import type { ApiProblem, SoundMachine } from '../api/types.ts';
import { Problem } from '../parts/problem.tsx';

export interface ConsoleProperties {
  readonly machine: SoundMachine;
  /** In a window of its own. */
  readonly alone: boolean;
}

type Console = FunctionComponent<ConsoleProperties>;

/** Consoles are large and loaded when one is opened. */
function lazily(load: () => Promise<Console>): Console {
  return function Lazy(properties: ConsoleProperties) {
    const [loaded, setLoaded] = useState<{ readonly console: Console }>();
    const [problem, setProblem] = useState<ApiProblem>();
    useEffect(() => {
      load().then(
        (console) => setLoaded({ console }),
        (error: unknown) => setProblem(problemOf(error)),
      );
    }, []);
    if (problem) return <Problem problem={problem} />;
    // The place is taken while it loads: nothing moves.
    return loaded ? <loaded.console {...properties} /> : <div class="glass" />;
  };
}

export const Serial = lazily(async () => (await import('./terminal.tsx')).SerialConsole);
export const Shell = lazily(async () => (await import('./terminal.tsx')).ShellConsole);
export const Screen = lazily(async () => (await import('./screen.tsx')).ScreenConsole);
