import type { BuildProgress } from '../index.ts';

const CLEAR_LINE = '\r\x1b[K';

/** One line on a terminal's stderr that says what takes so long; silent elsewhere. */
export class ProgressLine {
  readonly #enabled = process.stderr.isTTY && process.env['TERM'] !== 'dumb';
  #shown = '';

  show(text: string): void {
    if (!this.#enabled || text === this.#shown) return;
    this.#shown = text;
    process.stderr.write(`${CLEAR_LINE}${text}`);
  }

  clear(): void {
    if (this.#shown === '') return;
    this.#shown = '';
    process.stderr.write(CLEAR_LINE);
  }
}

export function describeBuild({ phase, fraction }: BuildProgress): string {
  const percent = phase === 'fetching' ? ` ${(fraction * 100).toFixed(0)} %` : '';
  return `building the micro image: ${phase}${percent}`;
}
