import type { Attack, Case } from './case.ts';

interface Argument {
  readonly attempts: readonly string[];
  /** The places where it applies; everywhere by default. */
  readonly where?: (where: Case, user: Attack['user']) => boolean;
  /** The reason why it is harmless, or the harm and why it is accepted. */
  readonly reason: string;
}

/** All have a directory of their own, but a virtiofsd that only reads. */
function mayWrite({ share }: Case): boolean {
  return share !== 'ro' && share !== 'system';
}

/** Everything that may succeed in a complete wrapper. Anything else must be refused. */
export const ARGUMENTS: readonly Argument[] = [
  {
    attempts: ['write a file in its directory', 'fill its directory with files'],
    where: mayWrite,
    reason: 'a machine may write its own directory, up to what the disk has; a quota is the host’s to give',
  },
  {
    attempts: ['write a file beyond 15 TiB'],
    where: ({ place }) => place === 'named',
    reason:
      'snapshots lie in the disk’s file, which so has no longest length; it is up to what the host’s disk has',
  },
  {
    attempts: ['write a file beyond 15 TiB'],
    where: (where) => where.place === 'virtiofsd' && mayWrite(where),
    reason: 'it writes the user’s files, up to what their file system has',
  },
  {
    attempts: ["read another process's command line", "list the host's processes"],
    where: ({ place }) => place === 'virtiofsd',
    reason:
      'virtiofsd opens each file by /proc/self/fd, and so sees the host’s /proc, as every program of the host does; ' +
      'what others may not see of a process (memory, environment, descriptors) Landlock denies',
  },
  {
    attempts: [
      'create a setuid file in its directory',
      'make a file in its directory setuid',
      'make a setgid directory in its directory',
    ],
    where: ({ place }) => place !== 'virtiofsd',
    reason:
      'no other user may enter the directory of a machine or of a network, and so start a program there',
  },
  {
    attempts: ['become another user'],
    where: ({ share }, user) => share === 'ids=host' && user === 'root',
    reason: 'it creates each file as its owner: CAP_SETUID and CAP_SETGID, behind the same layers',
  },
  {
    attempts: ['outlive its launcher'],
    where: ({ place }) => place === 'switch',
    reason: 'it serves all members of a network, and ends by itself after the last one',
  },
  {
    attempts: ['have 64 threads', 'have 1000 descriptors', 'reserve 64 GiB of memory', 'lock memory'],
    reason:
      'QEMU has a thread for each processor, a descriptor for each disk, and the guest’s memory; a cgroup bounds them. ' +
      'The programs beside it have the limits of the user',
  },
  {
    attempts: ['start a program by the loader'],
    reason:
      'it becomes that program, in its own process and behind the same layers: no more code than what runs already; ' +
      'whoever writes to memory needs no program for it',
  },
  {
    attempts: ['slow down a sibling', 'schedule a sibling', 'pin a sibling to processors'],
    where: (_, user) => user !== 'root',
    reason:
      'of the same user, who may slow down what is the user’s; QEMU’s own filter (-sandbox resourcecontrol=deny) ' +
      'refuses it, which this program does not set up',
  },
  {
    attempts: ['change into the home', 'watch the home by inotify'],
    reason:
      'an empty directory that is on the way to what the machine was given; what is in the home is not there',
  },
  {
    attempts: ['listen at an abstract name'],
    reason:
      'nobody can connect to it from outside of its network namespace; with slirp, which has the host’s, whoever ' +
      'connects to a name that a program of the user’s would have taken finds it',
  },
  {
    attempts: ['hold capabilities'],
    where: (_, user) => user === 'root',
    reason:
      'root’s images may belong to others: CAP_DAC_OVERRIDE, for files that the mounts and Landlock show; with slirp ' +
      'low ports, too; with virtiofsd also CAP_FOWNER, for the modes and times of the files in its directory, and ' +
      'CAP_SETPCAP, by which it gives up others',
  },
  {
    attempts: [
      "connect to the host's 127.0.0.1",
      "connect to the host's ::1",
      "connect to the host's own address",
      'connect by TCP fast open',
      'send UDP to the host',
      'listen at a TCP port of the host',
      'make a netlink socket',
      'make a vsock socket',
      "find the host's network devices",
    ],
    where: ({ network }) => network === 'slirp',
    reason:
      'slirp is the guest’s network within QEMU, and reaches what the host reaches; docs/security.md says so',
  },
];

export function argumentFor(attempt: string, { where, user }: Attack): Argument | undefined {
  return ARGUMENTS.find(
    (one) => one.attempts.includes(attempt) && where && (one.where?.(where, user) ?? true),
  );
}
