import { userName } from '../../../util/system/user-name.ts';
import { CommandFailedError, ImageBuildError, NoSpaceError, PermissionError } from '../../../errors/index.ts';
import { type InstallProblem, notInstalled } from '../recipe/install-problem.ts';
import type { Installer } from '../recipe/package-installer.ts';

const NAMESPACE_HINT =
  'build as root, or allow user namespaces for ordinary users: see user_namespaces(7); Ubuntu restricts them with AppArmor';

/** Number of lines of the installer's output that are shown when the cause is not recognized. */
const SHOWN_LINES = 10;

/** Returns an error for a failed installation, with the cause recognized in its last lines. */
export function installFailure(
  lines: readonly string[],
  failed: CommandFailedError,
  installer: Pick<Installer, 'problemOf'>,
): Error {
  const text = lines.join('\n');
  const cause = new CommandFailedError(failed.argv, failed.status, text);
  const error = ({ problem, hint }: InstallProblem): ImageBuildError =>
    new ImageBuildError(problem, { hint, cause, lines: hint === undefined ? lines.slice(-SHOWN_LINES) : [] });

  if (/No space left on device|enough free space|more space needed on|Disk quota exceeded/i.test(text)) {
    return new NoSpaceError('no space left on device while installing the new system', {
      hint: 'free some space in the directory of images (building a system of 300 MB takes about 1 GB); to see what vmlet uses, run: vmlet system df',
      cause,
    });
  }
  const problem = installer.problemOf(lines);
  if (problem !== undefined) return error(problem);
  if (/newuidmap|newgidmap|no line matching user .* in \/etc\/sub[ug]id/i.test(text)) {
    return new PermissionError(
      'this user has no subordinate ids (subuid, subgid), which a build without root requires',
      {
        hint: `assign subordinate ids to the user: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${userName()}; if another user in /etc/subuid has this range, choose another range`,
        cause,
      },
    );
  }
  if (/unrecognized option '--map-auto'/.test(text)) {
    return error({
      problem: 'to build as an ordinary user, vmlet needs a newer unshare (util-linux)',
      hint: 'build as root, or upgrade util-linux to 2.38 or newer',
    });
  }
  if (/^unshare: /m.test(text)) {
    return new PermissionError('cannot create a namespace for the new system', {
      hint: NAMESPACE_HINT,
      cause,
    });
  }
  const words = lines.filter((line) => line.trim() !== '' && !/^(W|I): /.test(line));
  return error(notInstalled(words.at(-1) ?? failed.message));
}
