import { CommandFailedError, ImageBuildError, NoSpaceError, PermissionError } from '../../errors.ts';

const SUBORDINATE_HINT =
  'Give this user ids of its own for it: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER. See newuidmap(1).';
const NAMESPACE_HINT =
  'The host does not let ordinary users make user namespaces, or it does so in part (Ubuntu by AppArmor): build as root, or see user_namespaces(7).';

/**
 * What the last lines of a failed mmdebstrap mean. Of what apt says the first complaint is the cause, those after it
 * are consequences.
 */
export function installFailure(lines: readonly string[], failed: CommandFailedError): Error {
  const text = lines.join('\n');
  const all = (pattern: RegExp): string[] => [
    ...new Set([...text.matchAll(pattern)].map(([, word]) => word ?? '')),
  ];
  const cause = new CommandFailedError(failed.argv, failed.status, text);
  const error = (problem: string, hint: string): ImageBuildError =>
    new ImageBuildError(problem, { hint, cause });

  if (/No space left on device|enough free space|Disk quota exceeded/i.test(text)) {
    return new NoSpaceError('the disk is full: no room for the new system', {
      hint: 'Make room: a system of 300 MB takes about 1 GB while it is built.',
      cause,
    });
  }
  const unknown = all(
    /^E: (?:Unable to locate package |Package '?)([^\s']+)(?:$|'? has no installation candidate)/gm,
  );
  if (unknown.length > 0) {
    const names = unknown.join(', ');
    return error(
      `the distribution has no package ${names}`,
      'See packages.debian.org for its name in this release.',
    );
  }
  const unreachable = all(
    /(?:Could not (?:resolve|connect to)|Temporary failure resolving|Cannot initiate the connection to|Unable to connect to) '?([^\s',:]+)/g,
  );
  if (unreachable.length > 0) {
    return error(
      `the packages cannot be fetched: ${unreachable.join(', ')} cannot be reached`,
      'See whether the host has a network, and a proxy in http_proxy where it needs one.',
    );
  }
  const missing = all(/^E: Failed to fetch (\S+)/gm);
  if (missing.length > 0) {
    return error(`the mirror did not give ${missing[0] ?? ''}`, 'Try again later, or with another mirror.');
  }
  if (/is not signed|NO_PUBKEY|signatures? (?:were|was|could)[^\n]*invalid|Missing key/i.test(text)) {
    return error(
      'the mirror is not signed by a key of Debian that the host knows',
      'Bring the package debian-archive-keyring up to date, or take another mirror.',
    );
  }
  if (/does not have a Release file/.test(text)) {
    return error(
      'the mirror does not have this release',
      'Take another mirror, or none: deb.debian.org has it.',
    );
  }
  const unmet = all(/^ ([a-z0-9][a-z0-9+.-]+) : (?:Depends|Conflicts|Breaks)/gm);
  if (unmet.length > 0) {
    return error(
      `these packages cannot be installed together: ${unmet.join(', ')}`,
      'Leave one of them out.',
    );
  }
  if (/newuidmap|newgidmap|no line matching user .* in \/etc\/sub[ug]id/i.test(text)) {
    return new PermissionError('this user cannot make files of other users for a new system', {
      hint: SUBORDINATE_HINT,
      cause,
    });
  }
  if (/unrecognized option '--map-auto'/.test(text)) {
    return error(
      'the host’s unshare is too old for a build by an ordinary user',
      'Build as root, or bring util-linux up to 2.38.',
    );
  }
  if (/^unshare: /m.test(text)) {
    return new PermissionError('a namespace for the new system cannot be made', {
      hint: NAMESPACE_HINT,
      cause,
    });
  }
  const words = lines.filter((line) => line.trim() !== '' && !/^(W|I): /.test(line));
  const complaint =
    words.find((line) => /^(E|dpkg): |^dpkg: error/.test(line)) ?? words.at(-1) ?? failed.message;
  return error(
    `the packages could not be installed: ${complaint.replace(/^E: /, '')}`,
    'The lines above it are in the error’s cause.',
  );
}
