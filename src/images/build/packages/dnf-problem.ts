import {
  type InstallProblem,
  notGiven,
  notInstalled,
  notReached,
  notTogether,
  wordsOf,
} from '../recipe/install-problem.ts';

/** curl(1) exit codes for what says nothing or cannot be found: a proxy, a host, a connection, a time limit, TLS. */
const UNREACHABLE = /Curl error \((?:5|6|7|28|35|56)\): [^\n]*?(?:https?|ftp):\/\/([^/\s\]]+)/g;

/** What the last lines of a failed dnf mean, of version 4 or 5. */
export function dnfProblem(lines: readonly string[]): InstallProblem | undefined {
  // What went well before says nothing, such as that a key was imported.
  const last = lines.findLastIndex((line) => /^(?:I: dnf |Complete!)/.test(line));
  const text = lines.slice(last + 1).join('\n');
  const all = (pattern: RegExp): string[] => wordsOf(text, pattern);
  const unknown = all(/^No match for argument: (\S+)/gm);
  if (unknown.length > 0) {
    return {
      problem: `the distribution has no package ${unknown.join(', ')}`,
      hint: 'See packages.fedoraproject.org for its name; packages of EPEL are not among them.',
    };
  }
  const unreachable = all(UNREACHABLE);
  if (unreachable.length > 0) return notReached(unreachable, 'http_proxy and https_proxy');
  const [missing] = all(/(?:Status code: \d+|Curl error \(\d+\): [^\n]*?) for (\S+)/g);
  if (missing !== undefined) return notGiven(missing);
  if (
    /is not signed$|^Error: GPG check FAILED|OpenPGP check for package|signature verification failed/im.test(
      text,
    )
  ) {
    return {
      problem: 'packages of the mirror are not signed by the key that they should be',
      hint: 'Without --key FILE it is the distribution’s. Take another mirror, or give the key of who made it.',
    };
  }
  const [problem] = all(
    /^ *(?:Problem(?: \d+)?: |- )(.*(?:conflict|nothing provides|cannot install|requires).*)$/gm,
  );
  if (problem !== undefined) return notTogether(problem);
  const complaint = lines
    .slice(last + 1)
    .find((line) => /^(?:Error|error|Transaction failed): ?\S/.test(line));
  return complaint === undefined ? undefined : notInstalled(complaint.replace(/^error: ?/i, ''));
}
