import { type InstallProblem, notInstalled } from './installer.ts';

/**
 * What the last lines of a failed mmdebstrap mean. Of what apt says the first complaint is the cause, those after it
 * are consequences.
 */
export function aptProblem(lines: readonly string[]): InstallProblem | undefined {
  const text = lines.join('\n');
  const all = (pattern: RegExp): string[] => [
    ...new Set([...text.matchAll(pattern)].map(([, word]) => word ?? '')),
  ];
  const unknown = all(
    /^E: (?:Unable to locate package |Package '?)([^\s']+)(?:$|'? has no installation candidate)/gm,
  );
  if (unknown.length > 0) {
    const names = unknown.join(', ');
    return {
      problem: `the distribution has no package ${names}`,
      hint: 'See packages.debian.org for its name in this release.',
    };
  }
  const unreachable = all(
    /(?:Could not (?:resolve|connect to)|Temporary failure resolving|Cannot initiate the connection to|Unable to connect to) '?([^\s',:]+)/g,
  );
  if (unreachable.length > 0) {
    return {
      problem: `the packages cannot be fetched: ${unreachable.join(', ')} cannot be reached`,
      hint: 'See whether the host has a network, and a proxy in http_proxy where it needs one.',
    };
  }
  const missing = all(/^E: Failed to fetch (\S+)/gm);
  if (missing.length > 0) {
    return {
      problem: `the mirror did not give ${missing[0] ?? ''}`,
      hint: 'Try again later, or with another mirror.',
    };
  }
  if (/is not signed|NO_PUBKEY|signatures? (?:were|was|could)[^\n]*invalid|Missing key/i.test(text)) {
    return {
      problem: 'the mirror is not signed by a key of Debian that the host knows',
      hint: 'Bring the package debian-archive-keyring up to date, or take another mirror.',
    };
  }
  if (/does not have a Release file/.test(text)) {
    return {
      problem: 'the mirror does not have this release',
      hint: 'Take another mirror, or none: deb.debian.org has it.',
    };
  }
  const unmet = all(/^ ([a-z0-9][a-z0-9+.-]+) : (?:Depends|Conflicts|Breaks)/gm);
  if (unmet.length > 0) {
    return {
      problem: `these packages cannot be installed together: ${unmet.join(', ')}`,
      hint: 'Leave one of them out.',
    };
  }
  const complaint = lines.find((line) => /^(E|dpkg): |^dpkg: error/.test(line));
  if (complaint === undefined) return undefined;
  return notInstalled(complaint.replace(/^E: /, ''));
}
