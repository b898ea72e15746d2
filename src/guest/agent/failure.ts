import { constants } from 'node:os';
import {
  GuestCommandError,
  GuestFileError,
  GuestMountError,
  GuestProtocolError,
  GuestRequestError,
} from '../../errors/index.ts';
import { Phase, type PhaseName, Tag, fieldText, readFields } from './fields.ts';
import type { Frame } from './agent-frame.ts';

/** The hint for an agent of an earlier release. */
export const UPDATE_AGENT =
  'update the program vmlet-agent in the guest; for a throw-away machine, build its image again (see vmlet image build --help)';

/** Contents of a FAILED frame. */
interface Failure {
  readonly phase: PhaseName;
  readonly errno: string;
  readonly subject: string | undefined;
}

/** The agent's word for a missing driver. */
const ENOTBLK = 15;

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EIO: 'input/output error',
  EBUSY: 'device or resource busy',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'already exists',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
  ELOOP: 'too many symbolic links in the path',
  ENAMETOOLONG: 'name too long',
  ENOEXEC: 'unknown executable format',
  E2BIG: 'arguments and environment are too long',
  EAGAIN: 'too many simultaneous requests to the agent',
  ENOMEM: 'out of memory',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENODEV: 'no such device',
  EINVAL: 'invalid argument',
  ECONNREFUSED: 'connection refused',
  ECANCELED: 'canceled',
};

/** Error numbers in the guest are Linux's, the same as on the host. Node does not know all of their names. */
function errnoName(number: number): string {
  const names = Object.entries<number>({ ...constants.errno, ENOTBLK });
  return names.find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

/** @throws GuestProtocolError when the frame is incomplete. */
function readFailure({ payload }: Frame): Failure {
  const fields = readFields(payload);
  const phase = fields?.get(Tag.phase);
  const errno = fields?.get(Tag.errno);
  const name = (Object.entries(Phase) as [PhaseName, number][]).find(
    ([, value]) => value === phase?.[0],
  )?.[0];
  if (name === undefined || errno?.length !== 4) {
    throw new GuestProtocolError('the guest agent sent an invalid failure report');
  }
  return {
    phase: name,
    errno: errnoName(errno.readUInt32LE(0)),
    subject: fieldText(fields?.get(Tag.subject)),
  };
}

function olderAgent(errno: string): string {
  return `the agent in the guest is older than this vmlet (${errno})`;
}

function describe(errno: string): string {
  return `${WORDS[errno] ?? 'failed'} (${errno})`;
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
      const problem = errno === 'ENOENT' ? missingProgram(command.argv) : describe(errno);
      const hint = errno === 'ENOENT' ? packageHint(command.argv) : EXEC_HINTS[errno];
      return new GuestCommandError(command.argv, { phase, errno }, problem, { hint });
    }
    case 'directory':
      return new GuestCommandError(
        command.argv,
        { phase, errno },
        `cannot enter the working directory ${command.cwd ?? '/'}: ${describe(errno)}`,
        {
          hint:
            errno === 'ENOENT'
              ? 'create this directory in the guest, or choose another directory'
              : undefined,
        },
      );
    case 'user':
      return new GuestCommandError(
        command.argv,
        { phase, errno },
        errno === 'ENOENT'
          ? `no such user: ${command.user ?? ''}`
          : `cannot switch to user ${command.user ?? 'root'}: ${describe(errno)}`,
        { hint: errno === 'ENOENT' ? 'choose a user that exists in the guest, or root' : undefined },
      );
    case 'request':
      return new GuestCommandError(command.argv, { phase, errno }, olderAgent(errno), { hint: UPDATE_AGENT });
    default:
      return new GuestCommandError(
        command.argv,
        { phase: 'resources', errno },
        errno === 'EAGAIN'
          ? 'too many commands or processes are running in the guest (EAGAIN)'
          : describe(errno),
        { hint: RESOURCE_HINTS[errno] },
      );
  }
}

/** Linux reports a missing interpreter, such as that of a script, like a missing file. */
function missingProgram([program = '']: readonly string[]): string {
  return program.includes('/')
    ? 'no such file, or the interpreter of the file (such as the program after #!) is missing (ENOENT)'
    : 'command not found (ENOENT)';
}

const RESOURCE_HINTS: Readonly<Record<string, string>> = {
  EAGAIN: 'wait until other commands in the guest have ended, or end them; then try again',
  ENOMEM: 'end other programs in the guest, or give the guest more memory with --memory',
};

const EXEC_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check that the file is executable (chmod +x) and that its file system is not mounted with noexec',
  ENOEXEC:
    'if the file is a script, begin it with a line such as #!/bin/sh; otherwise use a Linux program for the processor of the guest',
};

const PACKAGE_MANAGERS = new Set(['apk', 'apt', 'apt-get', 'dnf', 'dpkg', 'pacman', 'rpm', 'yum', 'zypper']);

/** People try to install packages in `micro`, or with the program of another distribution. */
function packageHint([program = '']: readonly string[]): string | undefined {
  if (!PACKAGE_MANAGERS.has(program)) return undefined;
  return "use the package manager of the guest's distribution, such as apt-get in debian:13; the image micro has no package manager";
}

/**
 * @param instead the hint for a device, FIFO or socket.
 * @throws GuestProtocolError
 */
export function fileFailure(frame: Frame, path: string, instead?: string): GuestFileError {
  const { errno, subject } = readFailure(frame);
  // Agents of earlier releases send no subject.
  return errno === 'EINVAL' && subject === 'type'
    ? new GuestFileError(path, errno, `is not a regular file (${errno})`, { hint: instead })
    : new GuestFileError(path, errno, describe(errno));
}

/** @throws GuestProtocolError */
export function requestFailure(frame: Frame): GuestRequestError | GuestMountError {
  const { phase, errno, subject } = readFailure(frame);
  // Our encoding is well-formed: the agent rejects requests that it does not know.
  if (phase === 'request' && (errno === 'EBADMSG' || errno === 'ENOSYS')) {
    return new GuestRequestError(subject, errno, olderAgent(errno), { hint: UPDATE_AGENT });
  }
  if (phase === 'mount') return mountFailure(subject ?? 'a directory', errno);
  return new GuestRequestError(subject, errno, `${attemptOf(phase, subject)}: ${describe(errno)}`);
}

/** Returns the beginning of a sentence about a request that failed. */
function attemptOf(phase: PhaseName, subject: string | undefined): string {
  if (phase === 'module') return `the guest cannot load the kernel module ${subject ?? ''}`.trimEnd();
  if (phase === 'network') {
    return `the guest cannot configure its network${subject === undefined ? '' : ` (${subject})`}`;
  }
  return `the guest rejected ${subject ?? 'the request'}`;
}

/** @throws GuestProtocolError */
export function connectionFailure(frame: Frame, port: number): GuestRequestError | GuestMountError {
  const { phase, errno } = readFailure(frame);
  if (phase !== 'system') return requestFailure(frame);
  return errno === 'ECONNREFUSED'
    ? new GuestRequestError(undefined, errno, `no server listens on port ${port} of the guest (${errno})`, {
        hint: 'start the server in the guest; it must listen on localhost or on all addresses',
      })
    : new GuestRequestError(
        undefined,
        errno,
        `cannot connect to port ${port} of the guest: ${describe(errno)}`,
      );
}

/** Why a mount failed, and what to do about it. */
export interface MountProblem {
  /** Name of the guest's errno, such as ENODEV. */
  readonly errno: string;
  readonly problem: string;
  readonly hint: string | undefined;
}

/** @param failure the numbers in the agent's answer. */
export function mountProblem(failure: { readonly phase: number; readonly errno: number }): MountProblem {
  const errno = errnoName(failure.errno);
  const isOld = failure.phase === Phase.request && (errno === 'EBADMSG' || errno === 'ENOSYS');
  return isOld ? { errno, problem: olderAgent(errno), hint: UPDATE_AGENT } : problemOfMount(errno);
}

function mountFailure(target: string, errno: string): GuestMountError {
  const { problem, hint } = problemOfMount(errno);
  return new GuestMountError(target, errno, problem, { hint });
}

function problemOfMount(errno: string): MountProblem {
  switch (errno) {
    case 'ENODEV':
      return {
        errno,
        problem: "the guest's kernel does not support virtiofs",
        hint: 'use a kernel that supports virtiofs, or copy the directory instead: vmlet cp',
      };
    case 'ENOTBLK':
      return {
        errno,
        problem: "the guest's kernel lacks the driver ext4 or virtio_blk",
        hint: 'use a kernel with both drivers, or share a directory instead of a volume: -v ./SRC:DST',
      };
    default:
      return { errno, problem: describe(errno), hint: undefined };
  }
}
