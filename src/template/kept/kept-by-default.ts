import { isSwitchedOn } from '../../util/options/variable-switch.ts';

/** Returns the default of `kept`: `ignore` with VMLET_FRESH=1. */
export function keptByDefault({ VMLET_FRESH: fresh }: NodeJS.ProcessEnv): 'use' | 'ignore' {
  return isSwitchedOn(fresh) ? 'ignore' : 'use';
}
