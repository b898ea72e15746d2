import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath, problemOf, request } from '../api/client.ts';
import type { ApiProblem, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';

const SOURCES = ['serial', 'command', 'qemu', 'passt', 'swtpm'] as const;
const LINES = 1000;
/** Escape sequences, and control characters that move: the guest's text is shown as text. */
const ESCAPES =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|[\x00-\x08\x0b-\x1f\x7f]/g;

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
    let text = '';
    let frame = 0;
    const show = (): void => {
      frame = 0;
      setLines(text.replace(/\n$/, '').split('\n').slice(-LINES));
    };
    setLines([]);
    setProblem(undefined);
    followText(machinePath(name, `log?source=${source}&lines=${LINES}&follow=1`), stop.signal, (piece) => {
      text = lastLines(text + piece.replace(ESCAPES, ''));
      frame ||= requestAnimationFrame(show);
    }).catch((error: unknown) => {
      if (!stop.signal.aborted) setProblem(problemOf(error));
    });
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
    };
  }, [name, source]);
  return { lines, problem };
}

const MOST_TEXT = 1_000_000;

function lastLines(text: string): string {
  return text.length > MOST_TEXT ? text.slice(-MOST_TEXT / 2) : text;
}

async function followText(path: string, signal: AbortSignal, onText: (text: string) => void): Promise<void> {
  const { body } = await request(path, { signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return;
    onText(piece.value);
  }
}
