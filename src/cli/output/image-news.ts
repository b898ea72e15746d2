import type { ImageProgress } from '../../index.ts';
import { ProgressLine, describeImageProgress, describePhase } from './progress.ts';
import { sayPlainly } from './say.ts';

/** Long enough for a log to stay short, and short enough for a CI that ends what is silent. */
const LINE_EVERY_MS = 30_000;

/** How far images are: on a terminal in one line that changes; elsewhere one line a phase, and one now and then. */
export class ImageNews {
  readonly #line = new ProgressLine();
  readonly #quiet: boolean;
  #phase = '';
  #saidAt = 0;

  constructor({ quiet = false }: { readonly quiet?: boolean } = {}) {
    this.#quiet = quiet;
  }

  readonly show = (news: ImageProgress): void => {
    if (this.#quiet) return;
    if (news.phase === 'done') return this.clear();
    if (this.#line.enabled) return this.#line.show(describeImageProgress(news));
    const phase = describePhase(news);
    const now = performance.now();
    if (phase === this.#phase && now - this.#saidAt < LINE_EVERY_MS) return;
    sayPlainly(phase === this.#phase ? describeImageProgress(news) : phase);
    this.#phase = phase;
    this.#saidAt = now;
  };

  clear(): void {
    this.#line.clear();
  }

  /** Does work with the line gone at its end, however that comes. */
  async during<T>(work: (show: (news: ImageProgress) => void) => Promise<T>): Promise<T> {
    try {
      return await work(this.show);
    } finally {
      this.clear();
    }
  }
}
