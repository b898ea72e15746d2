import { DownloadError, type DownloadFailure } from '../../errors/index.ts';
import { isTransientStatus } from './http/answer.ts';

/** Failures that say nothing against what has come so far. */
export const INTERRUPTIONS: ReadonlySet<DownloadFailure> = new Set<DownloadFailure>([
  'lost',
  'stalled',
  'slow',
  'refused',
  'name',
  'unreachable',
  'proxy',
]);

/** Whether what has come is worth being kept for the next call. */
export function isInterruption(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return true;
  if (!(error instanceof DownloadError)) return false;
  return INTERRUPTIONS.has(error.reason) || (error.status !== undefined && isTransientStatus(error.status));
}
