import { useEffect, useRef, useState } from 'preact/hooks';
import { machinePath, problemOf, request } from '../api/client.ts';
import type { ApiProblem, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';

const SOURCES = ['serial', 'command', 'qemu', 'passt', 'swtpm'] as const;
const LINES = 1000;
const AGAIN_MS = 1000;
const LONGEST_SEQUENCE = 64;
/** Escape sequences, and control characters that move: the guest's text is shown as text. */
const ESCAPES =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|[\x00-\x08\x0b-\x1f\x7f]/g;

const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*|[ -/]*)$/;

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
    let text = '';
    let frame = 0;
    let timer: ReturnType<typeof setTimeout>;
    const show = (): void => {
      frame = 0;
      setLines(linesOf(text).slice(-LINES));
    };
    setLines([]);
    setProblem(undefined);
    const path = machinePath(name, `log?source=${source}&lines=${LINES}&follow=1`);
    const follow = async (): Promise<void> => {
      let rest = '';
      let isFirst = true;
      try {
        await followText(
          path,
          signal,
          () => setProblem(undefined),
          (piece) => {
            // Each answer begins with the last lines. Until they are there, the reader keeps the earlier ones.
            if (isFirst) text = '';
            isFirst = false;
            const [whole, unfinished] = splitSequence(rest + piece);
            rest = unfinished;
            text = lastLines(text + whole.replace(ESCAPES, ''));
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

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Without its other half, in the next piece, an escape sequence would be shown as text. */
function splitSequence(text: string): readonly [whole: string, unfinished: string] {
  const at = text.search(UNFINISHED);
  const isUnfinished = at !== -1 && text.length - at < LONGEST_SEQUENCE;
  return isUnfinished ? [text.slice(0, at), text.slice(at)] : [text, ''];
}

const MOST_TEXT = 1_000_000;

function lastLines(text: string): string {
  return text.length > MOST_TEXT ? text.slice(-MOST_TEXT / 2) : text;
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
