import { constants } from 'node:os';
import {
  GuestCommandError,
  GuestFileError,
  GuestProtocolError,
  GuestRequestError,
} from '../../errors/index.ts';
import { Phase, type PhaseName, Tag, fieldText, readFields } from './fields.ts';
import type { Frame } from './frame.ts';

/** What a FAILED frame says. */
interface Failure {
  readonly phase: PhaseName;
  readonly errno: string;
  readonly subject: string | undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'it exists already',
  ENOSPC: 'no space is left',
  EROFS: 'its file system is read-only',
  ELOOP: 'its path has too many links',
  ENAMETOOLONG: 'its name is too long',
  ENOEXEC: 'it is not in a format that the guest can run',
  E2BIG: 'its arguments and environment are too long',
  EAGAIN: 'too much is going on already',
  ENOMEM: 'no memory is left',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENODEV: 'there is no such device',
  EINVAL: 'it is not of the right kind',
  ECANCELED: 'it was cancelled',
};

/** The guest's error numbers are Linux's, as the host's are. */
function errnoName(number: number): string {
  const names = Object.entries<number>(constants.errno);
  return names.find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

/** @throws GuestProtocolError when the frame does not say what failed. */
function readFailure({ payload }: Frame): Failure {
  const fields = readFields(payload);
  const phase = fields?.get(Tag.phase);
  const errno = fields?.get(Tag.errno);
  const name = (Object.entries(Phase) as [PhaseName, number][]).find(
    ([, value]) => value === phase?.[0],
  )?.[0];
  if (name === undefined || errno?.length !== 4) {
    throw new GuestProtocolError('the guest agent reported a failure without saying which');
  }
  return {
    phase: name,
    errno: errnoName(errno.readUInt32LE(0)),
    subject: fieldText(fields?.get(Tag.subject)),
  };
}

function describe(errno: string): string {
  return `${WORDS[errno] ?? 'it failed'} (${errno})`;
}

/** @throws GuestProtocolError */
export function commandFailure(
  frame: Frame,
  command: {
    readonly argv: readonly string[];
    readonly cwd?: string | undefined;
    readonly user?: string | undefined;
  },
): GuestCommandError {
  const { phase, errno } = readFailure(frame);
  return commandError(command, phase, errno);
}

export function commandError(
  command: {
    readonly argv: readonly string[];
    readonly cwd?: string | undefined;
    readonly user?: string | undefined;
  },
  phase: PhaseName,
  errno: string,
): GuestCommandError {
  switch (phase) {
    case 'exec': {
      const problem = errno === 'ENOENT' ? 'command not found (ENOENT)' : describe(errno);
      return new GuestCommandError(command.argv, { phase, errno }, problem);
    }
    case 'directory':
      return new GuestCommandError(
        command.argv,
        { phase, errno },
        `working directory ${command.cwd ?? '/'}: ${describe(errno)}`,
      );
    case 'user':
      return new GuestCommandError(
        command.argv,
        { phase, errno },
        errno === 'ENOENT'
          ? `the guest knows no user ${command.user ?? ''}`
          : `becoming user ${command.user ?? 'root'}: ${describe(errno)}`,
      );
    case 'request':
      return new GuestCommandError(
        command.argv,
        { phase, errno },
        `the agent refused the request (${errno})`,
      );
    default:
      return new GuestCommandError(command.argv, { phase: 'resources', errno }, describe(errno));
  }
}

/** @throws GuestProtocolError */
export function fileFailure(frame: Frame, path: string): GuestFileError {
  const { errno } = readFailure(frame);
  return new GuestFileError(path, errno, describe(errno));
}

/** @throws GuestProtocolError */
export function requestFailure(frame: Frame): GuestRequestError {
  const { phase, errno, subject } = readFailure(frame);
  // What we encode is well-formed: the agent refuses what it does not know.
  if (phase === 'request' && (errno === 'EBADMSG' || errno === 'ENOSYS')) {
    return new GuestRequestError(subject, errno, `its agent is older than this vmlet (${errno})`, {
      hint: "Build the guest's image anew, so that it has the agent of this release.",
    });
  }
  return new GuestRequestError(subject, errno, `${phase}: ${describe(errno)}`);
}
