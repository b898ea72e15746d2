/** The cause of a failed installation, and how to fix it. */
export interface InstallProblem {
  readonly problem: string;
  /** Absent when the cause is not recognized. */
  readonly hint?: string;
}

/** @param complaint the installer's own message, when its cause is not recognized. */
export function notInstalled(complaint: string): InstallProblem {
  return { problem: `installing the packages failed: ${complaint}` };
}

/** @param proxies the environment variables that the installer reads. */
export function notReached(hosts: readonly string[], proxies: string): InstallProblem {
  return {
    problem: `cannot fetch packages: ${hosts.join(', ')} cannot be reached`,
    hint: `check the network of this host, and the name of the mirror; if the network requires a proxy, set ${proxies}`,
  };
}

export function notGiven(address: string): InstallProblem {
  return {
    problem: `cannot fetch ${address} from the mirror`,
    hint: 'try again later, or use another --mirror',
  };
}

export function notTogether(what: string): InstallProblem {
  return {
    problem: `some packages conflict or lack a dependency: ${what}`,
    hint: 'omit one of these packages; if a dependency is missing, use another --mirror',
  };
}

/** Returns the matches of a global pattern's group, without duplicates. */
export function wordsOf(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, word]) => word ?? ''))];
}
