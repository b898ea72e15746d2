import type { BuildPhase } from './micro.ts';

/** The phases of a pull, in order; 'unpacking' only for what is compressed. */
export type PullPhase = 'looking for the image' | 'downloading' | 'unpacking' | 'checking' | 'done';

/** How far the image is that has to be there before a machine can start. */
export interface ImageProgress {
  /** Its name, as in "micro" or "debian:13". */
  readonly image: string;
  readonly phase: BuildPhase | PullPhase;
  /** The part of the phase that is done, 0..1; 0 as long as it is not known. */
  readonly fraction: number;
  /** While downloading. */
  readonly transfer?: {
    readonly doneBytes: number;
    /** Undefined where the server does not say. */
    readonly totalBytes: number | undefined;
    readonly bytesPerSecond: number;
  };
}
