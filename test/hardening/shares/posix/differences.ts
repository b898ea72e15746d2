import { IS_ROOT } from './kinds.ts';

/** A result on a share that is not that of the guest's own ext4: expected, for a reason. */
export interface Difference {
  readonly why: string;
  /** Kinds of shares; all if absent. */
  readonly kinds?: readonly string[];
  /** Names of cases; all if absent. */
  readonly cases?: RegExp;
  readonly call: RegExp;
  /** The result on ext4; any if absent. */
  readonly was?: RegExp;
  readonly becomes: RegExp;
  /** It occurs only if virtiofsd is not root's. */
  readonly ofOrdinaryUser?: true;
  /** It depends on the file system of the host. */
  readonly optional?: true;
}

const SQUASHED = ['default', 'uid', 'never'];

const ALL: readonly Difference[] = [
  {
    why: 'virtiofsd runs without --xattr',
    call: /^(set|get|list|remove)xattr /,
    becomes: /^EOPNOTSUPP$/,
  },
  {
    why: 'setuid and setgid bits are denied, so that a guest makes no programs with rights of the host',
    call: /^(f?chmod|creat|mknod) .*[2467]\d{3}\b/,
    was: /^0$/,
    becomes: /^EPERM$/,
  },
  {
    why: 'the same, seen afterwards',
    cases: /^setuid and setgid bits$/,
    call: /^l?stat /,
    was: /^\[[fd] [2467]\d{3} /,
    becomes: /^(\[[fd] 0755 .*|ENOENT)$/,
  },
  {
    why: 'device nodes are denied, so that a guest makes none on the host',
    call: /^mknod \S+ S_IF(CHR|BLK) /,
    was: /^0$/,
    becomes: /^EPERM$/,
  },
  {
    why: 'virtiofsd does not answer FUSE_TMPFILE',
    call: /^open \S+ O_TMPFILE/,
    was: /^0$/,
    becomes: /^EOPNOTSUPP$/,
  },
  {
    why: "FUSE of the guest's kernel passes on no other modes than keeping the size, punching holes and zeroing",
    call: /^fallocate \S+ FALLOC_FL_(COLLAPSE|INSERT)_RANGE/,
    was: /^0$/,
    becomes: /^EOPNOTSUPP$/,
  },
  {
    why: 'cache=never permits no shared mappings, which would be a cache',
    kinds: ['never'],
    call: /^mmap /,
    was: /^0$/,
    becomes: /^ENODEV$/,
  },
  {
    why: 'all files have one owner: who created one may use it only as its permission bits say',
    kinds: SQUASHED,
    cases: /that they created, (member|other), /,
    // Without the creation itself: any user of the guest may create.
    call: /^(fchmod 0|(utimens|setxattr|open|rename|readdir) d\/n|creat d\/n\/f|unlink d\/m)( |$)/,
    becomes: /^(EACCES|EPERM|ENOENT)$/,
  },
  {
    why: "virtiofsd has the rights of the files' owner: the guest's root may not open what permission bits deny to it",
    cases: /, root, file 0(000|444)$/,
    call: /^(open|truncate) d\/f /,
    was: /^0$/,
    becomes: /^EACCES$/,
    ofOrdinaryUser: true,
  },
  {
    why: 'the same, seen afterwards',
    cases: /, root, file 0(000|444)$/,
    call: /^(read|write|pwrite|lseek|flock|setlk|fchmod|fstat|stat) /,
    becomes: /^(EBADF|\[f 0(000|444) .*)$/,
    ofOrdinaryUser: true,
  },
  {
    why: "the host's file system has no such mode",
    call: /^fallocate \S+ FALLOC_FL_(ZERO_RANGE|PUNCH_HOLE)/,
    was: /^0$/,
    becomes: /^EOPNOTSUPP$/,
    optional: true,
  },
  {
    why: "the host's file system has no direct access",
    call: /^open \S+ \S*O_DIRECT\b/,
    was: /^0$/,
    becomes: /^EINVAL$/,
    optional: true,
  },
];

export const DIFFERENCES = ALL.filter(({ ofOrdinaryUser }) => ofOrdinaryUser !== true || !IS_ROOT);
