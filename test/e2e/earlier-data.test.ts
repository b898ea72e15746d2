import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finished } from './command.ts';
import { type Home, makeHome } from './named/home.ts';

/**
 * Created by vmlet 0.1.0 before it supported other releases of Debian, without its ssh keys: a machine of micro
 * with a disk that begins with `kept`, stopped, and the snapshot `before`. Paths in its plan were changed to /home/user.
 */
const RECORDED = join(import.meta.dirname, '../../fixtures/data-directories/0.1.0-2026-11.tar.gz');

let home: Home;
beforeAll(async () => {
  home = await makeHome();
  const data = dirname(home.environment['XDG_DATA_HOME']! + '/vmlet/machines');
  execFileSync('tar', ['--extract', '--gzip', '--file', RECORDED, '--no-same-owner', '-C', data]);
});
afterAll(async () => home.close());

async function works(...words: string[]): Promise<Finished> {
  const ended = await home.vmlet(...words);
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  return ended;
}

it('uses machines, disks and snapshots of an earlier vmlet', async () => {
  expect((await works('ls')).stdout).toMatch(/^old +stopped +256 MiB +1 /m);
  expect((await works('snapshot', 'ls', 'old')).stdout).toMatch(/^before /m);
  await works('start', 'old');
  expect((await works('exec', 'old', '--', 'head', '-c', '4', '/dev/vda')).stdout).toBe('kept');
  await works('exec', 'old', '--', 'sh', '-c', 'printf lost > /dev/vda; sync');
  await works('stop', 'old');
  await works('snapshot', 'restore', 'old', 'before');
  await works('start', 'old');
  expect((await works('exec', 'old', '--', 'head', '-c', '4', '/dev/vda')).stdout).toBe('kept');
  await works('rm', '--force', '--storage', 'old');
});
