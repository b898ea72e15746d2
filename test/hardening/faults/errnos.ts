import type { Step } from '../../../fixtures/calls/step-tracer/traced.ts';

const ROOM = ['ENOSPC', 'ENOSPC+', 'EIO'];
const NAME = [...ROOM, 'EACCES'];

/** The possible errors of each swept call; a `+` stays for all later steps that can fail in that way. */
const ERRNOS: Readonly<Record<string, readonly string[]>> = {
  'open-make': [...NAME, 'EMFILE', 'EMFILE+'],
  'open-write': ['EACCES', 'EMFILE', 'EMFILE+', 'EIO'],
  'open-read': ['EACCES', 'EMFILE', 'EMFILE+', 'EIO'],
  mkdir: NAME,
  mkdirat: NAME,
  mknodat: NAME,
  link: NAME,
  linkat: NAME,
  symlink: NAME,
  symlinkat: NAME,
  rename: NAME,
  renameat: NAME,
  renameat2: NAME,
  unlink: ['EACCES', 'EIO'],
  unlinkat: ['EACCES', 'EIO'],
  rmdir: ['EACCES', 'EIO'],
  ftruncate: ['EIO', 'EINTR'],
  fallocate: ['ENOSPC', 'ENOSPC+', 'EIO', 'EINTR'],
  write: [...ROOM, 'EINTR', 'short-write'],
  pwrite64: [...ROOM, 'EINTR', 'short-write'],
  writev: [...ROOM, 'EINTR'],
  pwritev: [...ROOM, 'EINTR'],
  copy_file_range: ROOM,
  sendfile: ROOM,
  fsync: ['ENOSPC', 'EIO', 'EINTR'],
  fdatasync: ['ENOSPC', 'EIO', 'EINTR'],
  chmod: ['EACCES', 'EIO'],
  fchmod: ['EACCES', 'EIO'],
  chown: ['EACCES', 'EIO'],
  fchown: ['EACCES', 'EIO'],
  utimensat: ['EACCES', 'EIO'],
  flock: ['ENOLCK'],
  fcntl: ['ENOLCK', 'EAGAIN'],
  bind: ['EACCES', 'ENOSPC'],
  connect: ['EACCES', 'ECONNREFUSED', 'EINTR'],
  socket: ['EMFILE', 'EMFILE+', 'EACCES'],
  socketpair: ['EMFILE', 'EMFILE+', 'EACCES'],
  pipe2: ['EMFILE', 'EMFILE+'],
  accept4: ['EMFILE', 'EINTR'],
  memfd_create: ['EMFILE'],
  clone: ['EAGAIN', 'ENOMEM'],
  clone3: ['EAGAIN', 'ENOMEM'],
  fork: ['EAGAIN', 'ENOMEM'],
  vfork: ['EAGAIN', 'ENOMEM'],
  execve: ['EACCES', 'ENOMEM'],
};

/** On a socket, a write has another meaning. */
const SEND = ['EPIPE', 'EINTR'];

export function errnosOf({ call, target }: Step): readonly string[] {
  if (target === 'socket' && /^(write|send)/.test(call)) return SEND;
  return ERRNOS[call] ?? [];
}

/** True if a later observer can see that it was done. */
export function changesSomething({ call }: Step): boolean {
  return call !== 'open-read' && !['pipe2', 'socket', 'socketpair', 'memfd_create'].includes(call);
}
