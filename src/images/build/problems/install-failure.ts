import { CommandFailedError, ImageBuildError, NoSpaceError, PermissionError } from '../../../errors/index.ts';
import { type InstallProblem, notInstalled } from '../recipe/install-problem.ts';
import type { Installer } from '../recipe/installer.ts';

const SUBORDINATE_HINT =
  'Give this user ids of its own for it: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER. See newuidmap(1).';
const NAMESPACE_HINT =
  'The host does not let ordinary users make user namespaces, or it does so in part (Ubuntu by AppArmor): build as root, or see user_namespaces(7).';

/** What the last lines of a failed installation mean. */
export function installFailure(
  lines: readonly string[],
  failed: CommandFailedError,
  installer: Pick<Installer, 'problemOf'>,
): Error {
  const text = lines.join('\n');
  const cause = new CommandFailedError(failed.argv, failed.status, text);
  const error = ({ problem, hint }: InstallProblem): ImageBuildError =>
    new ImageBuildError(problem, { hint, cause });

  if (/No space left on device|enough free space|more space needed on|Disk quota exceeded/i.test(text)) {
    return new NoSpaceError('the disk is full: no room for the new system', {
      hint: 'Make room: a system of 300 MB takes about 1 GB while it is built.',
      cause,
    });
  }
  const problem = installer.problemOf(lines);
  if (problem !== undefined) return error(problem);
  if (/newuidmap|newgidmap|no line matching user .* in \/etc\/sub[ug]id/i.test(text)) {
    return new PermissionError('this user cannot make files of other users for a new system', {
      hint: SUBORDINATE_HINT,
      cause,
    });
  }
  if (/unrecognized option '--map-auto'/.test(text)) {
    return error({
      problem: 'the host’s unshare is too old for a build by an ordinary user',
      hint: 'Build as root, or bring util-linux up to 2.38.',
    });
  }
  if (/^unshare: /m.test(text)) {
    return new PermissionError('a namespace for the new system cannot be made', {
      hint: NAMESPACE_HINT,
      cause,
    });
  }
  const words = lines.filter((line) => line.trim() !== '' && !/^(W|I): /.test(line));
  return error(notInstalled(words.at(-1) ?? failed.message));
}
