import { DownloadError, type DownloadFailure } from '../../errors/index.ts';
import { isTransientStatus } from './http/answer-meaning.ts';

/** Failures after which the data received so far is still valid. */
export const INTERRUPTIONS: ReadonlySet<DownloadFailure> = new Set<DownloadFailure>([
  'lost',
  'stalled',
  'slow',
  'refused',
  'name',
  'unreachable',
  'proxy',
]);

/** Whether the data received so far should be kept for the next call. */
export function isInterruption(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return true;
  if (!(error instanceof DownloadError)) return false;
  return INTERRUPTIONS.has(error.reason) || (error.status !== undefined && isTransientStatus(error.status));
}
