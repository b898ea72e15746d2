import type { Cast, PosixCase } from './case.ts';

const LONGEST_NAME = 255;
const LONGEST_TARGET = 4095;

/** Calls whose result depends on flags and kinds of files rather than on permissions. The owner makes them. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'O_CREAT with each mode': [
    ...['0000', '0400', '0600', '0644', '0777'].map((mode) => `creat f${mode} ${mode}`),
    'umask 077;creat g 0777;mkdir h 0777',
    'umask 022;creat i 0666;mkdir j 0777;mknod k S_IFIFO 0666 0',
  ],
  'O_CREAT without read permission, written through its descriptor': [
    'open f O_RDWR|O_CREAT|O_EXCL 0000;write 0 text;lseek 0 0 SEEK_SET;read 0 9;fchmod 0 0600;fstat 0',
  ],
  'O_EXCL on a symbolic link': [
    'symlink nothing l;open l O_WRONLY|O_CREAT|O_EXCL 0644;open l O_WRONLY|O_CREAT 0644',
  ],
  O_TRUNC: ['creat f 0644;write 0 content;open f O_WRONLY|O_TRUNC;fstat 0;write 0 x;fstat 0'],
  'O_TRUNC changes the time': [
    'creat f 0644;write 0 content;close 0;utimens f 5 6;open f O_WRONLY|O_TRUNC;times f',
  ],
  'O_APPEND of two': [
    'creat f 0644;open f O_WRONLY|O_APPEND;open f O_WRONLY|O_APPEND;write 1 one;write 2 two;write 1 three;fstat 0',
    'open f O_RDONLY;read 0 99',
  ],
  'O_APPEND with pwrite': [
    'creat f 0644;write 0 abc;open f O_RDWR|O_APPEND;pwrite 1 0 XY;lseek 1 0 SEEK_SET;read 1 9',
  ],
  O_DIRECTORY: [
    'creat f 0644;mkdir d 0755;open f O_RDONLY|O_DIRECTORY;open d O_RDONLY|O_DIRECTORY;open d O_WRONLY',
  ],
  'O_DIRECTORY|O_CREAT': ['open n O_RDONLY|O_DIRECTORY|O_CREAT 0755'],
  O_NOFOLLOW: ['creat f 0644;symlink f l;open l O_RDONLY|O_NOFOLLOW;open l O_PATH|O_NOFOLLOW;fstat 2'],
  O_NONBLOCK: [
    'mknod p S_IFIFO 0644 0;open p O_WRONLY|O_NONBLOCK;open p O_RDONLY|O_NONBLOCK;open p O_WRONLY|O_NONBLOCK',
  ],
  'open of a socket': ['bind s;open s O_RDWR'],
  O_SYNC: ['open f O_RDWR|O_CREAT|O_SYNC 0644;write 0 text;fsync 0;fdatasync 0;fstat 0'],
  O_DIRECT: ['open f O_RDWR|O_CREAT|O_DIRECT 0644;fill 0 0 8192 3;fill 0 4096 4096 9;fstat 0'],
  O_TMPFILE: ['open . O_TMPFILE|O_RDWR 0600'],
  O_CLOEXEC: ['open f O_RDWR|O_CREAT|O_CLOEXEC 0644;write 0 x'],
  'errors of open': [
    'creat f 0644;mkdir d 0755;symlink l l;symlink d ld',
    'open n O_RDONLY;open f/n O_RDONLY;open n/n O_CREAT|O_WRONLY 0644;open d O_RDWR;open l O_RDONLY;open f/ O_RDONLY',
    'open d/n/ O_CREAT|O_WRONLY 0644;open ld/n O_CREAT|O_WRONLY 0644;open l/n O_RDONLY;creat d 0644',
  ],
  'long names': [
    `creat ${'n'.repeat(LONGEST_NAME)} 0644;creat ${'m'.repeat(LONGEST_NAME + 1)} 0644`,
    `mkdir ${'d'.repeat(LONGEST_NAME)} 0755;mkdir ${'e'.repeat(LONGEST_NAME + 1)} 0755`,
    `rename ${'n'.repeat(LONGEST_NAME)} ${'r'.repeat(LONGEST_NAME)};symlink a ${'l'.repeat(LONGEST_NAME + 1)}`,
    `symlink ${'t'.repeat(LONGEST_TARGET)} t;symlink ${'t'.repeat(LONGEST_TARGET + 1)} u`,
  ],
  'names of other alphabets': [
    'creat größe 0644;mkdir 目录 0755;symlink größe ссылка;rename größe 目录/größe;readdir 目录',
  ],
  'names that are not UTF-8 or odd': [
    'creat \u0001\u007f 0644;creat -rf 0644;creat a\\b 0644;creat "q" 0644;creat * 0644',
  ],
  mkdir: [
    'mkdir d 0755;mkdir d 0755;mkdir d/e/f 0755;creat f 0644;mkdir f 0755;mkdir f/g 0755;mkdir d/ 0755;mkdir d/g/ 0750',
  ],
  'mkdir with sticky bit': ['mkdir d 01777;stat d;chmod d 0777;chmod d 1755;stat d'],
  rmdir: [
    'mkdir d 0755;mkdir d/e 0755;rmdir d;rmdir d/e;rmdir d/.;rmdir d/..;rmdir d;rmdir d;creat f 0644;rmdir f',
  ],
  'rmdir of the working directory': ['mkdir d 0755;chdir d;rmdir ../d;creat f 0644;readdir .'],
  unlink: ['creat f 0644;mkdir d 0755;unlink d;unlink f;unlink f;symlink d l;unlink l;stat d;unlink d/n'],
  'unlink of an open file': [
    'open f O_RDWR|O_CREAT 0644;write 0 text;unlink f;fstat 0;write 0 more;lseek 0 0 SEEK_SET;read 0 9',
  ],
  'unlink of an open file, changed through its descriptor': [
    'open f O_RDWR|O_CREAT 0644;unlink f;fchmod 0 0600;ftruncate 0 5;fstat 0;fallocate 0 0 0 4096;fsync 0',
  ],
  'a name used again': [
    'creat f 0644;write 0 old;unlink f;mkdir f 0755;stat f;rmdir f;symlink f f;stat f;unlink f;creat f 0600',
  ],
  link: [
    'creat f 0644;link f g;stat f;link f g;mkdir d 0755;link d e;link n m;link f d/f;unlink f;stat g',
    'symlink g l;link l hl;linkat l fl AT_SYMLINK_FOLLOW;lstat hl;stat fl;link f/x y',
  ],
  'rename of files': [
    'creat f 0644;write 0 of;creat g 0644;write 1 og;rename f g;stat g;rename n m;rename g g;link g h;rename g h;stat h',
  ],
  'rename of directories': [
    'mkdir d 0755;mkdir e 0755;creat f 0644;creat e/x 0644;rename d f;rename f d;rename d e;rename e d;rename d d/in',
    'rename d/x d/y;rename d/. g;rename d d/',
  ],
  'rename over a link': ['creat f 0644;symlink n l;rename f l;lstat l;symlink l m;rename m n;lstat n'],
  'rename of an open file': [
    'open f O_RDWR|O_CREAT 0644;write 0 text;rename f g;write 0 more;fstat 0;creat f 0644;rename f g;fstat 0',
  ],
  renameat2: [
    'creat f 0644;write 0 ff;mkdir d 0755;renameat2 f d RENAME_EXCHANGE;lstat d;lstat f;renameat2 d n RENAME_EXCHANGE',
    'renameat2 d f RENAME_NOREPLACE;renameat2 d n RENAME_NOREPLACE;renameat2 n m RENAME_EXCHANGE|RENAME_NOREPLACE',
  ],
  RENAME_WHITEOUT: ['creat f 0644;renameat2 f g RENAME_WHITEOUT;unlink f'],
  symlink: [
    'symlink a l;symlink b l;readlink l;lstat l;stat l;symlink l m;creat f 0644;readlink f;symlink f/x f/y;readlink n',
  ],
  'chmod through a link': ['creat f 0644;symlink f l;chmod l 0600;stat f;lstat l;symlink n d;chmod d 0600'],
  'setuid and setgid bits': [
    'creat f 0755;chmod f 4755;stat f;chmod f 2755;fchmod 0 6755;stat f;mkdir d 0755;chmod d 2755;stat d',
    'creat g 04755;mkdir e 02755;mknod h S_IFREG 04755 0;lstat g;lstat e;lstat h',
  ],
  devices: [
    'mknod c S_IFCHR 0644 259;mknod b S_IFBLK 0644 1792;mknod p S_IFIFO 0644 0;mknod s S_IFSOCK 0644 0;mknod f S_IFREG 0644 0',
  ],
  truncate: [
    'creat f 0644;write 0 content;truncate f 3;stat f;truncate f 5000;stat f;truncate f -1;truncate n 1;mkdir d 0755;truncate d 1',
    'open f O_RDONLY;ftruncate 0 1;open f O_RDWR;ftruncate 1 1;fstat 1;truncate f/x 1',
  ],
  'truncate to a large size': ['creat f 0644;truncate f 1099511627776;stat f;truncate f 0;stat f'],
  'truncate changes the time': ['creat f 0644;write 0 content;utimens f 5 6;truncate f 3;times f'],
  'write changes the time': ['creat f 0644;utimens f 5 6;times f;write 0 content;times f'],
  utimens: [
    'creat f 0644;utimens f 5 6;times f;utimens f UTIME_OMIT 7;times f;utimens f 8 UTIME_OMIT;times f;utimens f UTIME_OMIT UTIME_NOW',
    'times f;mkdir d 0755;utimens d 1 2;times d;utimens n 1 2;utimens f 0 0;times f',
  ],
  'changes of a directory set its time': [
    'mkdir d 0755;utimens d 5 6;creat d/f 0644;times d;utimens d 5 6;unlink d/f;times d',
  ],
  holes: [
    'open f O_RDWR|O_CREAT 0644;pwrite 0 131072 data;lseek 0 0 SEEK_DATA;lseek 0 0 SEEK_HOLE;lseek 0 131072 SEEK_HOLE;lseek 0 200000 SEEK_DATA',
  ],
  lseek: [
    'open f O_RDWR|O_CREAT 0644;write 0 content;lseek 0 -3 SEEK_END;read 0 9;lseek 0 -1 SEEK_SET;lseek 0 100 SEEK_SET;write 0 x;fstat 0',
  ],
  fallocate: [
    'open f O_RDWR|O_CREAT 0644;fallocate 0 0 0 8192;fstat 0;fallocate 0 FALLOC_FL_KEEP_SIZE 0 16384;fstat 0',
    'open f O_RDWR;fill 0 0 8192 7;fallocate 0 FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE 0 4096;fstat 0;lseek 0 0 SEEK_DATA',
    'open f O_RDONLY;fallocate 0 0 0 9;fallocate 0 0 0 0',
  ],
  'fallocate FALLOC_FL_ZERO_RANGE': [
    'open f O_RDWR|O_CREAT 0644;fill 0 0 8192 7;fallocate 0 FALLOC_FL_ZERO_RANGE 0 4096;fstat 0',
  ],
  'fallocate FALLOC_FL_COLLAPSE_RANGE': [
    'open f O_RDWR|O_CREAT 0644;fill 0 0 8192 7;fallocate 0 FALLOC_FL_COLLAPSE_RANGE 0 4096',
  ],
  'fallocate FALLOC_FL_INSERT_RANGE': [
    'open f O_RDWR|O_CREAT 0644;fill 0 0 8192 7;fallocate 0 FALLOC_FL_INSERT_RANGE 0 4096',
  ],
  flock: [
    'creat f 0644;open f O_RDWR;open f O_RDWR;flock 1 LOCK_EX;flock 2 LOCK_EX|LOCK_NB;flock 2 LOCK_SH|LOCK_NB;flock 1 LOCK_SH;flock 2 LOCK_SH|LOCK_NB',
  ],
  'locks of a process': [
    'open f O_RDWR|O_CREAT 0644;setlk 0 F_WRLCK;childlk 0 F_RDLCK;setlk 0 F_RDLCK;childlk 0 F_RDLCK;childlk 0 F_WRLCK;setlk 0 F_UNLCK;childlk 0 F_WRLCK',
  ],
  'locks of a description': [
    'creat f 0644;open f O_RDWR;open f O_RDWR;ofdlk 1 F_WRLCK;ofdlk 2 F_RDLCK;ofdlk 1 F_UNLCK;ofdlk 2 F_RDLCK',
  ],
  leases: ['creat f 0644;open f O_RDONLY;lease 1 F_RDLCK'],
  'user attributes': [
    'creat f 0644;getxattr f user.a;setxattr f user.a one 0;setxattr f user.a two XATTR_CREATE;setxattr f user.b x XATTR_REPLACE',
    'setxattr f user.a two XATTR_REPLACE;getxattr f user.a;listxattr f;removexattr f user.a;removexattr f user.a;setxattr f other.a x 0',
  ],
  copy_file_range: [
    'open f O_RDWR|O_CREAT 0644;fill 0 0 8192 7;creat g 0644;copy 0 1 4096;copy 0 1 99999;fstat 1',
  ],
  'mmap MAP_SHARED': ['open f O_RDWR|O_CREAT 0644;fill 0 0 8192 7;mmap 0 8192 5000;mmap 0 8192 8191'],
  'large writes': ['open f O_RDWR|O_CREAT 0644;fill 0 0 3000000 7;fill 0 1000001 1000000 9;fstat 0'],
  'paths with dots': ['mkdir d 0755;creat d/../f 0644;open ./d/./../f O_RDONLY;readdir d/..;creat . 0644'],
};

/** Results that depend on who created a file. */
const BY_CREATOR: Readonly<Record<string, readonly string[]>> = {
  'changes a file that they created': [
    'creat d/n 0600;fchmod 0 0640;utimens d/n 5 6;setxattr d/n user.a b 0',
    'open d/n O_RDWR',
  ],
  'removes a file that they created': ['creat d/n 0600', 'rename d/n d/m;unlink d/m'],
  'uses a directory that they created': ['mkdir d/n 0700', 'creat d/n/f 0600;readdir d/n'],
};

export function flagCases({ owner, actors }: Cast): PosixCase[] {
  const [uid = '', gid = ''] = owner.split(':');
  const setup = [`- chown . ${uid} ${gid};chmod . 0755`];
  const asUser = (user: string, calls: readonly string[]): string[] => calls.map((line) => `${user} ${line}`);
  return [
    ...Object.entries(CASES).map(([name, calls]) => ({
      name,
      operation: name,
      setup,
      calls: asUser(owner, calls),
    })),
    ...Object.entries(actors).flatMap(([actor, user]) =>
      Object.entries(BY_CREATOR).flatMap(([name, calls]) =>
        ['0777', '1777'].map((mode) => ({
          name: `${name}, ${actor}, directory ${mode}`,
          operation: name,
          setup: [...setup, `- mkdir d ${mode};chown d ${uid} ${gid};chmod d ${mode}`],
          calls: asUser(user, calls),
        })),
      ),
    ),
  ];
}
