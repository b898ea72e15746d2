import type { Logger } from 'pino';
import type { ImageProgress } from '../../images/pull/image-progress.ts';

export interface StartOptions {
  /** Milliseconds until the machine must run; 60 000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly log?: Logger;
  /** Called while the image has to be built first. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Called where the installer has done its work, so that the machine boots from its disk from now on. */
  readonly onInstalled?: () => void;
  /** Its processors do not run until `resume`. */
  readonly paused?: boolean;
  /** Boot, and forget the saved memory where there is some; false by default. */
  readonly discardSaved?: boolean;
  /**
   * Milliseconds that a clone's guest has to boot, so that it gets an identity of its own; 60 000 by default, and six
   * times as much without KVM.
   */
  readonly identityTimeoutMs?: number;
  /** Called when that is waited for. */
  readonly onRenewIdentity?: () => void;
}
