import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { Scope } from '../../../src/util/scope.ts';
import { runAs } from '../user.ts';

/** An entry that exists where vmlet would create a directory. */
export interface Trap {
  readonly name: string;
  /** Its owner. */
  readonly by: 'another user' | 'the user';
  /** @param aim a directory of the user, whose contents must stay. */
  set(path: string, aim: string, scope: Scope): Promise<void> | void;
}

export const TRAPS: readonly Trap[] = [
  { name: 'a directory of another user', by: 'another user', set: directoryOf(0o755) },
  { name: 'a closed directory of another user', by: 'another user', set: directoryOf(0o700) },
  { name: 'a directory of another user that all may write to', by: 'another user', set: directoryOf(0o777) },
  { name: 'a link of another user', by: 'another user', set: (path, aim) => symlinkSync(aim, path) },
  { name: 'a link', by: 'the user', set: (path, aim) => symlinkSync(aim, path) },
  {
    name: 'a link that leads nowhere',
    by: 'the user',
    set: (path, aim) => symlinkSync(join(aim, 'nowhere'), path),
  },
  { name: 'a file', by: 'the user', set: (path) => writeFileSync(path, 'x') },
  {
    name: 'a pipe',
    by: 'the user',
    set: async (path) => {
      await runAs(undefined, ['mkfifo', path]);
    },
  },
  { name: 'a socket', by: 'the user', set: listen },
  { name: 'a directory that all may write to', by: 'the user', set: directoryOf(0o777) },
  { name: 'a directory that the group may enter', by: 'the user', set: directoryOf(0o750) },
  {
    name: 'a directory in one that all may write to',
    by: 'the user',
    set: (path) => {
      mkdirSync(path, { mode: 0o700 });
      chmodSync(dirname(path), 0o777);
    },
  },
];

function directoryOf(mode: number): Trap['set'] {
  return (path) => {
    mkdirSync(path);
    chmodSync(path, mode);
  };
}

async function listen(path: string, _aim: string, scope: Scope): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  scope.defer(() => void server.close());
}
