import type { ImageProgress, PullPhase } from './image-progress.ts';
import type { TransferProgress } from '../transfer/progress-steps.ts';

/** Returns a listener that reports a transfer as the progress of an image, with its rate. */
export function transferProgress(
  image: string,
  phases: Readonly<Record<TransferProgress['phase'], PullPhase>>,
  onProgress: ((progress: ImageProgress) => void) | undefined,
): (progress: TransferProgress) => void {
  let rate = new TransferRate();
  let last = { phase: undefined as TransferProgress['phase'] | undefined, bytes: 0 };
  return ({ phase, bytes, totalBytes }) => {
    if (phase !== last.phase || bytes < last.bytes) rate = new TransferRate();
    last = { phase, bytes };
    const bytesPerSecond = rate.sample(bytes);
    // Without any number, only the phase is known.
    const isCounted = bytes > 0 || totalBytes !== undefined;
    onProgress?.({
      image,
      phase: phases[phase],
      fraction: totalBytes ? bytes / totalBytes : 0,
      ...(isCounted && { transfer: { doneBytes: bytes, totalBytes, bytesPerSecond } }),
    });
  };
}

/** The rate is averaged over the last seconds only, so that it drops when a transfer stalls. */
const WINDOW_MS = 5000;

/** The rate of a transfer, computed from reports of its total. */
export class TransferRate {
  #samples: { readonly bytes: number; readonly at: number }[] = [];

  /**
   * @param bytes all that have arrived so far.
   * @param at milliseconds of a monotonic clock.
   * @returns bytes per second.
   */
  sample(bytes: number, at: number = performance.now()): number {
    this.#samples = this.#samples.filter((sample) => at - sample.at <= WINDOW_MS);
    this.#samples.push({ bytes, at });
    const first = this.#samples[0];
    if (!first || at <= first.at) return 0;
    return Math.max(0, ((bytes - first.bytes) * 1000) / (at - first.at));
  }
}
