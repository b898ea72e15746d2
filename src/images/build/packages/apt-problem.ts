import {
  type InstallProblem,
  notGiven,
  notInstalled,
  notReached,
  notTogether,
  wordsOf,
} from '../recipe/install-problem.ts';

/**
 * Recognizes the cause of a failure in the last lines of mmdebstrap. apt's first error is the cause; later ones are
 * consequences.
 */
export function aptProblem(lines: readonly string[]): InstallProblem | undefined {
  const text = lines.join('\n');
  const all = (pattern: RegExp): string[] => wordsOf(text, pattern);
  const unknown = all(
    /^E: (?:Unable to locate package |Package '?)([^\s']+)(?:$|'? has no installation candidate)/gm,
  );
  if (unknown.length > 0) {
    const names = unknown.join(', ');
    return {
      problem: `no such package: ${names}`,
      hint: 'look up the names of packages in this release at packages.debian.org',
    };
  }
  const unreachable = all(
    /(?:Could not (?:resolve|connect to)|Temporary failure resolving|Cannot initiate the connection to|Unable to connect to) '?([^\s',:]+)/g,
  );
  if (unreachable.length > 0) return notReached(unreachable, 'http_proxy');
  const [missing] = all(/^E: Failed to fetch (\S+)/gm);
  if (missing !== undefined) return notGiven(missing);
  if (/is not signed|NO_PUBKEY|signatures? (?:were|was|could)[^\n]*invalid|Missing key/i.test(text)) {
    return {
      problem:
        'the package lists of the mirror are not signed by a Debian key that is installed on this host',
      hint: 'upgrade the package debian-archive-keyring on this host, or use another --mirror',
    };
  }
  const lacking = /repository '(\S+) (\S+)[^']*' does not have a Release file/.exec(text);
  if (lacking) {
    return {
      problem: `the mirror ${lacking[1] ?? ''} does not have the release ${lacking[2] ?? ''}`,
      hint: 'use another mirror, such as --mirror http://deb.debian.org/debian',
    };
  }
  const unmet = all(/^ ([a-z0-9][a-z0-9+.-]+) : (?:Depends|Conflicts|Breaks)/gm);
  if (unmet.length > 0) return notTogether(unmet.join(', '));
  const complaint = lines.find((line) => /^(E|dpkg): |^dpkg: error/.test(line));
  if (complaint === undefined) return undefined;
  return notInstalled(complaint.replace(/^E: /, ''));
}
