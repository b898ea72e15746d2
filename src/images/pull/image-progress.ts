import type { DistributionBuildPhase } from '../build/distribution-disk.ts';
import type { BuildPhase } from '../micro/micro.ts';

/**
 * The phases of a pull, usually in this order; a compressed file with a digest is checked before it is unpacked, too.
 * Local files have 'copying', compressed files have 'unpacking', files in other formats have 'converting' and are
 * checked again. Only one process at a time changes the store, or downloads a file.
 */
export type PullPhase =
  | 'looking for the image'
  | 'downloading'
  | 'copying'
  | 'unpacking'
  | 'checking'
  | 'converting'
  | 'waiting for another process'
  | 'done';

/**
 * The phases of a build from packages, and of a build by scripts in a guest. The latter repeat for each script; a
 * script whose result is cached has only 'unchanged'.
 */
export type ImageBuildPhase =
  | DistributionBuildPhase
  | 'unchanged'
  | 'booting'
  | 'running scripts'
  | 'cleaning up'
  | 'shutting down'
  | 'compacting'
  | 'checking'
  | 'done';

/** The progress of an image that is pulled or built. */
export interface ImageProgress {
  /** Name of the image, as in "micro" or "debian:13". */
  readonly image: string;
  readonly phase: BuildPhase | PullPhase | ImageBuildPhase;
  /** The finished part of the phase, 0..1; 0 while unknown. */
  readonly fraction: number;
  /** The script that a phase of a build runs. */
  readonly script?: string | undefined;
  /** Set while a file is transferred, checked or unpacked. */
  readonly transfer?: {
    readonly doneBytes: number;
    /** Undefined when the server does not report it. */
    readonly totalBytes: number | undefined;
    readonly bytesPerSecond: number;
  };
}

/** Returns a function that reports a wait for the store, which a build of `micro` holds for minutes, or for a download. */
export function tellWait(
  image: string,
  onProgress: ((progress: ImageProgress) => void) | undefined,
): () => void {
  return () => onProgress?.({ image, phase: 'waiting for another process', fraction: 0 });
}
