import { formatBytes } from '../../public/format.ts';
import type { ImageProgress } from '../../index.ts';
import type { WaitProgress } from '../../machines/index.ts';
import { clipText } from './text-width.ts';

const CLEAR_LINE = '\r\x1b[K';

/** One line on a terminal's stderr that says what takes so long; silent elsewhere. */
export class ProgressLine {
  readonly enabled = process.stderr.isTTY && process.env['TERM'] !== 'dumb';
  #shown = '';

  show(text: string): void {
    if (!this.enabled || text === this.#shown) return;
    this.#shown = text;
    // What goes on in the next line could not be cleared.
    process.stderr.write(`${CLEAR_LINE}${clipText(text, (process.stderr.columns || 80) - 1)}`);
  }

  clear(): void {
    if (this.#shown === '') return;
    this.#shown = '';
    process.stderr.write(CLEAR_LINE);
  }
}

/** As in `debian:13: downloading 120 MiB of 330 MiB (36 %), 12 MiB/s`. */
export function describeImageProgress(news: ImageProgress): string {
  const { fraction, transfer } = news;
  const phase = describePhase(news);
  if (!transfer) return fraction > 0 ? `${phase} ${percent(fraction)}` : phase;
  const { doneBytes, totalBytes, bytesPerSecond } = transfer;
  const total = totalBytes === undefined ? '' : ` of ${formatBytes(totalBytes)} (${percent(fraction)})`;
  return `${phase} ${formatBytes(doneBytes)}${total}, ${formatBytes(bytesPerSecond)}/s`;
}

/** As in `debian:13: downloading`, or `web: booting for ./setup.sh`. */
export function describePhase({ image, phase, script }: ImageProgress): string {
  return `${image}: ${phase}${script === undefined ? '' : ` for ${script}`}`;
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

export function describeWait(name: string, waiting: readonly WaitProgress[]): string {
  const words = waiting.map(({ condition, seen }) => (seen === '' ? condition : `${condition} (${seen})`));
  return `waiting for ${words.join(', ')} of ${name}…`;
}
