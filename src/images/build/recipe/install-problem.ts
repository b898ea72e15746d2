/** What an installer's last words mean: a problem in a sentence, and what to do about it. */
export interface InstallProblem {
  readonly problem: string;
  readonly hint: string;
}

/** @param complaint of the installer's, where nothing better is known. */
export function notInstalled(complaint: string): InstallProblem {
  return {
    problem: `the packages could not be installed: ${complaint}`,
    hint: 'The lines above it are in the error’s cause.',
  };
}

/** @param proxies the environment variables that the installer reads. */
export function notReached(hosts: readonly string[], proxies: string): InstallProblem {
  return {
    problem: `the packages cannot be fetched: ${hosts.join(', ')} cannot be reached`,
    hint: `See whether the host has a network, and a proxy in ${proxies} where it needs one.`,
  };
}

export function notGiven(address: string): InstallProblem {
  return {
    problem: `the mirror did not give ${address}`,
    hint: 'Try again later, or with another mirror.',
  };
}

export function notTogether(what: string): InstallProblem {
  return {
    problem: `these packages cannot be installed together: ${what}`,
    hint: 'Leave one of them out.',
  };
}

/** What the group of a global pattern has matched, each word once. */
export function wordsOf(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, word]) => word ?? ''))];
}
