import type { Logger } from 'pino';
import type { ImageProgress } from '../../../images/pull/image-progress.ts';

/** Options of starting a machine. */
export interface StartOptions {
  /** Time limit in milliseconds for the machine to run; 60 000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly log?: Logger;
  /** Called while the image is built. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Called when the installer has finished, so that the machine boots from its disk from now on. */
  readonly onInstalled?: () => void;
  /** Leave the processors paused until `resume`. A clone then keeps the identity of the original until its next start. */
  readonly paused?: boolean;
  /** Boot, and discard saved memory; false by default. */
  readonly discardSaved?: boolean;
  /**
   * Time in milliseconds for a clone's guest to boot, so that it can get its own identity; 60 000 by default, and six times
   * as much without KVM.
   */
  readonly identityTimeoutMs?: number;
  /** Called before that wait. */
  readonly onRenewIdentity?: () => void;
}
