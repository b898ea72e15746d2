/** Whether kept guests are used where nothing else is said: not with VMLET_FRESH=1. */
export function keptByDefault({ VMLET_FRESH: fresh = '' }: NodeJS.ProcessEnv): 'use' | 'ignore' {
  return fresh === '' || fresh === '0' ? 'use' : 'ignore';
}
