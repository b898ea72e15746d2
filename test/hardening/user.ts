import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';

/** Somebody who may run programs on this host. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The first ordinary user of this host beside whoever runs this, for what only root can start; undefined where there is none. */
export function anotherUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .find(({ uid }) => uid >= 1000 && uid < 65_535);
}

/** Runs a script of this folder as `user`, or as whoever runs this. Its errors go where ours go. */
export function spawnScript(user: User | undefined, script: string, words: readonly string[]): ChildProcess {
  const argv = [process.execPath, '--import', import.meta.resolve('tsx'), script, ...words];
  const become = user && [
    'setpriv',
    '--reuid',
    String(user.uid),
    '--regid',
    String(user.gid),
    '--clear-groups',
  ];
  const [program, ...rest] = [...(become ?? []), ...argv];
  // tsx would leave a cache in the temporary folder.
  const environment = { ...process.env, TSX_DISABLE_CACHE: '1' };
  return spawn(program!, rest, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
}

export function giveTo(user: User | undefined, path: string): void {
  if (user) chownSync(path, user.uid, user.gid);
}
