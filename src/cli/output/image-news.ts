import type { ImageProgress } from '../../index.ts';
import { ProgressLine, describeImageProgress, describePhase } from './progress.ts';
import { sayPlainly } from './say.ts';

/** Keeps logs short, yet prints often enough for a CI that ends silent jobs. */
const LINE_EVERY_MS = 30_000;

/** Progress of images: one changing line on a terminal; elsewhere a line for each phase and one now and then. */
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

  /** Runs work and clears the line when it settles. */
  async during<T>(work: (show: (news: ImageProgress) => void) => Promise<T>): Promise<T> {
    try {
      return await work(this.show);
    } finally {
      this.clear();
    }
  }
}
