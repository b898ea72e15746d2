import type { DistributionBuildPhase } from '../build/distribution-disk.ts';
import type { BuildPhase } from '../micro/micro.ts';

/** The phases of a pull, in order; 'copying' is for a file of this host, 'unpacking' for what is compressed. */
export type PullPhase =
  'looking for the image' | 'downloading' | 'copying' | 'unpacking' | 'checking' | 'done';

/**
 * The phases of a build of packages, and of a build by scripts in a guest. The latter come once for each script, or
 * 'unchanged' alone for one whose result is there already.
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

/** How far an image is: the one that has to be there before a machine can start, or that is built. */
export interface ImageProgress {
  /** Its name, as in "micro" or "debian:13". */
  readonly image: string;
  readonly phase: BuildPhase | PullPhase | ImageBuildPhase;
  /** The part of the phase that is done, 0..1; 0 as long as it is not known. */
  readonly fraction: number;
  /** The script that a phase of a build is about. */
  readonly script?: string | undefined;
  /** While downloading. */
  readonly transfer?: {
    readonly doneBytes: number;
    /** Undefined where the server does not say. */
    readonly totalBytes: number | undefined;
    readonly bytesPerSecond: number;
  };
}
