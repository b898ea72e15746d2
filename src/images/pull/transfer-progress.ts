import type { ImageProgress, PullPhase } from './image-progress.ts';
import type { TransferProgress } from '../transfer/download.ts';
import { TransferRate } from './transfer-rate.ts';

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
