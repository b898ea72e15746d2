import type { ImageProgress, PullPhase } from './image-progress.ts';
import type { TransferProgress } from '../transfer/progress-steps.ts';

/** Tells of one transfer's bytes as of an image's progress, with their rate. */
export function transferProgress(
  image: string,
  phases: Readonly<Record<TransferProgress['phase'], PullPhase>>,
  onProgress: ((progress: ImageProgress) => void) | undefined,
): (progress: TransferProgress) => void {
  const rate = new TransferRate();
  return ({ phase, bytes, totalBytes }) => {
    onProgress?.({
      image,
      phase: phases[phase],
      fraction: totalBytes ? bytes / totalBytes : 0,
      transfer: { doneBytes: bytes, totalBytes, bytesPerSecond: rate.sample(bytes) },
    });
  };
}

/** The rate is that of the last seconds: what a stalled transfer did in its first minute tells nothing. */
const WINDOW_MS = 5000;

/** How fast bytes come, by what is told of them. */
export class TransferRate {
  #samples: { readonly bytes: number; readonly at: number }[] = [];

  /**
   * @param bytes all that have come so far.
   * @param at milliseconds of a clock that does not jump.
   * @returns bytes a second.
   */
  sample(bytes: number, at: number = performance.now()): number {
    this.#samples = this.#samples.filter((sample) => at - sample.at <= WINDOW_MS);
    this.#samples.push({ bytes, at });
    const first = this.#samples[0];
    if (!first || at <= first.at) return 0;
    return Math.max(0, ((bytes - first.bytes) * 1000) / (at - first.at));
  }
}
