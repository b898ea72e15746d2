import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath, problemOf, request } from '../api/client.ts';
import type { ApiProblem, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { LogText } from '../state/log-text.ts';

const SOURCES = ['serial', 'command', 'qemu', 'passt', 'swtpm'] as const;
const LINES = 1000;
const AGAIN_MS = 1000;

/** The logs of a machine, followed. */
export function Logs({ machine }: { readonly machine: SoundMachine }) {
  const [source, setSource] = useState<string>('serial');
  const [search, setSearch] = useState('');
  const { lines, problem } = useLog(machine.name, source);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  const wanted = search.toLowerCase();
  const shown = wanted === '' ? lines : lines.filter((line) => line.toLowerCase().includes(wanted));
  useEffect(() => {
    // A reader who has scrolled up stays there.
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown]);
  return (
    <div class="console">
      <div class="row">
        <label>
          <span class="hidden">Log</span>
          <select value={source} onChange={(event) => setSource(event.currentTarget.value)}>
            {SOURCES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <input
          type="search"
          placeholder="Search"
          aria-label="Search the log"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <Command text={shellCommand('vmlet', 'logs', '--source', source, '--follow', machine.name)} />
      </div>
      {problem && <Problem problem={problem} />}
      <pre
        class="text"
        ref={box}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={`${source} log of ${machine.name}`}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          atEnd.current = scrollTop + clientHeight > scrollHeight - 20;
        }}
      >
        {shown.length === 0 ? 'no lines' : shown.join('\n')}
      </pre>
    </div>
  );
}

/** Follows a log. The lines are rendered once a frame, however fast they come. */
function useLog(name: string, source: string): { lines: readonly string[]; problem: ApiProblem | undefined } {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<ApiProblem>();
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let text = new LogText();
    let frame = 0;
    let timer: ReturnType<typeof setTimeout>;
    const show = (): void => {
      frame = 0;
      setLines(text.lines.slice(-LINES));
    };
    setLines([]);
    setProblem(undefined);
    const path = machinePath(name, `log?source=${source}&lines=${LINES}&follow=1`);
    const follow = async (): Promise<void> => {
      let isFirst = true;
      try {
        await followText(
          path,
          signal,
          () => setProblem(undefined),
          (piece) => {
            // Each answer begins with the last lines. Until they are there, the reader keeps the earlier ones.
            if (isFirst) text = new LogText();
            isFirst = false;
            text.push(piece);
            frame ||= requestAnimationFrame(show);
          },
        );
      } catch (error) {
        if (!signal.aborted) setProblem(problemOf(error));
      }
      if (!signal.aborted) timer = setTimeout(() => void follow(), AGAIN_MS);
    };
    void follow();
    return () => {
      stop.abort();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [name, source]);
  return { lines, problem };
}

async function followText(
  path: string,
  signal: AbortSignal,
  onBegin: () => void,
  onText: (text: string) => void,
): Promise<void> {
  const { body } = await request(path, { signal });
  onBegin();
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return;
    onText(piece.value);
  }
}
