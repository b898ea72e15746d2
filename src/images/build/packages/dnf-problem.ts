import {
  type InstallProblem,
  notGiven,
  notInstalled,
  notReached,
  notTogether,
  wordsOf,
} from '../recipe/install-problem.ts';

/** curl(1) exit codes for unreachable servers: proxy, host name, connection, time limit, TLS. */
const UNREACHABLE = /Curl error \((?:5|6|7|28|35|56)\): [^\n]*?(?:https?|ftp):\/\/([^/\s\]]+)/g;

/** Recognizes the cause of a failure in the last lines of dnf 4 or 5. */
export function dnfProblem(lines: readonly string[]): InstallProblem | undefined {
  // Lines of earlier steps that succeeded, such as the import of a key, are skipped.
  const last = lines.findLastIndex((line) => /^(?:I: dnf |Complete!)/.test(line));
  const text = lines.slice(last + 1).join('\n');
  const all = (pattern: RegExp): string[] => wordsOf(text, pattern);
  const unknown = all(/^No match for argument: (\S+)/gm);
  if (unknown.length > 0) {
    return {
      problem: `no such package: ${unknown.join(', ')}`,
      hint: 'look up the names of packages at packages.fedoraproject.org; vmlet does not install packages from EPEL',
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
      problem: 'the packages of the mirror are not signed by the expected key',
      hint: 'use another --mirror; or, if you trust this mirror, give its key: --key FILE',
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
