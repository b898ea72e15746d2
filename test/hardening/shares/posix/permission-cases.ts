import type { Cast, PosixCase } from './case.ts';

/** Calls on the file d/f, whose permission bits vary. */
const ON_FILES: Readonly<Record<string, string>> = {
  'open for reading': 'open d/f O_RDONLY;read 0 100',
  'open for writing': 'open d/f O_WRONLY;write 0 new',
  'open for both': 'open d/f O_RDWR;pwrite 0 2 new;lseek 0 0 SEEK_SET;read 0 100',
  'open O_APPEND': 'open d/f O_WRONLY|O_APPEND;write 0 more;fstat 0',
  'open O_TRUNC': 'open d/f O_WRONLY|O_TRUNC;fstat 0',
  'open O_RDONLY O_TRUNC': 'open d/f O_RDONLY|O_TRUNC;stat d/f',
  'open O_CREAT O_EXCL': 'open d/f O_WRONLY|O_CREAT|O_EXCL 0644',
  'open O_CREAT': 'open d/f O_RDWR|O_CREAT 0600;fstat 0',
  'open O_NOATIME': 'open d/f O_RDONLY|O_NOATIME',
  'open O_PATH': 'open d/f O_PATH;fstat 0;write 0 no',
  truncate: 'truncate d/f 2;truncate d/f 9;stat d/f',
  chmod: 'chmod d/f 0640;stat d/f',
  fchmod: 'open d/f O_RDONLY;fchmod 0 0611;fstat 0',
  'chown to the same': 'chown d/f OWNER GROUP',
  'chown to another': 'chown d/f 3000 3000;stat d/f',
  'chown of the group': 'chown d/f -1 1000;chown d/f -1 2000;stat d/f',
  utimens: 'utimens d/f 5 6;times d/f',
  'utimens to now': 'utimens d/f UTIME_NOW UTIME_NOW;times d/f',
  'utimens of one': 'utimens d/f UTIME_OMIT 6',
  access: 'access d/f R_OK;access d/f W_OK;access d/f X_OK;access d/f F_OK',
  setxattr: 'setxattr d/f user.a value 0;getxattr d/f user.a;removexattr d/f user.a',
  lock: 'open d/f O_RDONLY;flock 0 LOCK_EX;setlk 0 F_RDLCK;setlk 0 F_WRLCK',
};
const FILE_MODES = ['0000', '0444', '0600', '0644', '0664', '0666'];

/** Calls on the entries of the directory d, whose permission bits vary: the files f and g, the directory s. */
const IN_DIRECTORIES: Readonly<Record<string, string>> = {
  creat: 'creat d/n 0644;write 0 text',
  'open O_CREAT O_EXCL': 'open d/n O_RDWR|O_CREAT|O_EXCL 0666',
  'open O_TMPFILE': 'open d O_TMPFILE|O_RDWR 0600',
  mkdir: 'mkdir d/n 0777',
  'mkdir, and again in it': 'mkdir d/n 0777;mkdir d/n/m 0777',
  symlink: 'symlink f d/n;readlink d/n',
  'mknod of a file': 'mknod d/n S_IFREG 0644 0',
  'mknod of a FIFO': 'mknod d/n S_IFIFO 0644 0',
  'mknod of a device': 'mknod d/n S_IFCHR 0644 259',
  bind: 'bind d/n',
  'link in it': 'link d/f d/n',
  'link from outside': 'link o/f d/n',
  'rename in it': 'rename d/f d/n',
  'rename over a file': 'rename d/f d/g',
  'rename into it': 'rename o/f d/n',
  'rename out of it': 'rename d/f o/n',
  'rename of a directory': 'rename d/s d/n',
  'rename of a directory out of it': 'rename d/s o/n',
  'renameat2 RENAME_EXCHANGE': 'renameat2 d/f d/g RENAME_EXCHANGE',
  'renameat2 RENAME_NOREPLACE': 'renameat2 d/f d/g RENAME_NOREPLACE;renameat2 d/f d/n RENAME_NOREPLACE',
  unlink: 'unlink d/f',
  'unlink of nothing': 'unlink d/n',
  rmdir: 'rmdir d/s',
  readdir: 'readdir d',
  stat: 'stat d/f',
  'open of an entry': 'open d/f O_RDONLY;read 0 10',
  'open O_DIRECTORY': 'open d O_RDONLY|O_DIRECTORY;fsync 0',
  'chmod of it': 'chmod d 0700;stat d',
  'utimens of it': 'utimens d 5 6;utimens d UTIME_NOW UTIME_NOW',
  'rmdir of it': 'rmdir d',
  'access to it': 'access d R_OK;access d W_OK;access d X_OK',
};
const DIRECTORY_MODES = ['0700', '0711', '0755', '0775', '0777', '1777', '1775'];

/** Each call by each user, with each mode. */
export function permissionCases({ owner, actors }: Cast): PosixCase[] {
  const [uid = '', gid = ''] = owner.split(':');
  const own = (path: string, mode: string): string => `chown ${path} ${uid} ${gid};chmod ${path} ${mode}`;
  const made = [
    'mkdir d 0755;mkdir o 0755;mkdir d/s 0755',
    ...['d/f', 'd/g', 'o/f'].map((path, slot) => `creat ${path} 0644;write ${slot} content`),
    own('d/g', '0644'),
    own('d/s', '0755'),
    own('o/f', '0666'),
    own('o', '0777'),
    own('.', '0755'),
  ];
  const setup = (file: string, directory: string): string[] => [
    `- ${[...made, own('d/f', file), own('d', directory)].join(';')}`,
  ];
  const filled = (calls: string): string => calls.replace('OWNER', uid).replace('GROUP', gid);
  return Object.entries(actors).flatMap(([actor, user]) => [
    ...Object.entries(ON_FILES).flatMap(([operation, calls]) =>
      FILE_MODES.map((mode) => ({
        name: `${operation}, ${actor}, file ${mode}`,
        operation: `${operation}, by the mode of the file`,
        setup: setup(mode, '0755'),
        calls: [`${user} ${filled(calls)}`],
      })),
    ),
    ...Object.entries(IN_DIRECTORIES).flatMap(([operation, calls]) =>
      DIRECTORY_MODES.map((mode) => ({
        name: `${operation}, ${actor}, directory ${mode}`,
        operation: `${operation}, by the mode of the directory`,
        setup: setup('0666', mode),
        calls: [`${user} ${filled(calls)}`],
      })),
    ),
  ]);
}
