import type { WriteStream } from 'node:tty';
import { formatBytes } from '../../public/format.ts';
import type { ImageProgress } from '../../index.ts';
import type { WaitProgress } from '../../machines/index.ts';
import { visibleText } from './printable.ts';
import { shownLines } from './shown-lines.ts';
import { clipText } from './text-width.ts';

const CLEAR_LINE = '\r\x1b[K';

/** Shorter work shows no elapsed time. */
const ELAPSED_FROM_MS = 3000;
const TICK_MS = 1000;

type Output = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>;

/** A progress line with elapsed time on stderr; prints nothing if stderr is not a terminal. */
export class ProgressLine {
  readonly enabled: boolean;
  readonly #output: Output;
  #text = '';
  #since = 0;
  #ticker: NodeJS.Timeout | undefined;

  constructor(output: Output = process.stderr) {
    this.#output = output;
    this.enabled = output.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  show(text: string): void {
    if (!this.enabled || text === this.#text) return;
    if (this.#text === '') this.#since = performance.now();
    this.#text = text;
    shownLines.add(this);
    this.#ticker ??= setInterval(() => this.#draw(), TICK_MS).unref();
    this.#draw();
  }

  clear(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    shownLines.delete(this);
    if (this.#text === '') return;
    this.#text = '';
    this.erase();
  }

  /** Removes the line from the terminal until it is drawn again. */
  erase(): void {
    this.#output.write(CLEAR_LINE);
  }

  #draw(): void {
    const elapsed = performance.now() - this.#since;
    const line = elapsed < ELAPSED_FROM_MS ? this.#text : `${this.#text} (${formatElapsed(elapsed)})`;
    // A wrapped line could not be cleared.
    this.#output.write(`${CLEAR_LINE}${clipText(visibleText(line), (this.#output.columns || 80) - 1)}`);
  }
}

/** For example `12s` or `3m05s`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 60
    ? `${seconds}s`
    : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

/** For example `debian:13: downloading [#######             ] 36 %, 120 MiB of 330 MiB, 12 MiB/s`. */
export function describeImageProgress(news: ImageProgress): string {
  const { fraction, transfer } = news;
  const phase = describePhase(news);
  if (!transfer) return fraction > 0 ? `${phase} ${bar(fraction)}` : phase;
  const { doneBytes, totalBytes, bytesPerSecond } = transfer;
  const speed = `${formatBytes(bytesPerSecond)}/s`;
  return totalBytes === undefined
    ? `${phase} ${formatBytes(doneBytes)}, ${speed}`
    : `${phase} ${bar(fraction)}, ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, ${speed}`;
}

/** For example `debian:13: downloading`, or `web: booting for ./setup.sh`. */
export function describePhase({ image, phase, script }: ImageProgress): string {
  return `${image}: ${phase}${script === undefined ? '' : ` for ${script}`}`;
}

const BAR_WIDTH = 20;

function bar(fraction: number): string {
  const filled = Math.floor(Math.min(1, fraction) * BAR_WIDTH);
  return `[${'#'.repeat(filled).padEnd(BAR_WIDTH)}] ${Math.floor(fraction * 100)} %`;
}

export function describeWait(name: string, waiting: readonly WaitProgress[]): string {
  const words = waiting.map(({ condition, seen }) => (seen === '' ? condition : `${condition} (${seen})`));
  return `${name}: waiting for ${words.join(', ')}…`;
}
