import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { explainUnreadable, openUserFile } from '../../../../src/util/files/user-file.ts';
import { temporaryDirectory } from '../../../directory.ts';

const work = temporaryDirectory();
const at = (name: string): string => join(work, name);

it('opens a file with its size', async () => {
  writeFileSync(at('file'), 'abc');
  const { handle, stats } = await openUserFile(at('file'), 'disks[0]');
  onTestFinished(async () => handle.close());
  expect(stats.size).toBe(3);
  expect(await handle.readFile('utf8')).toBe('abc');
});

it.each([
  ['missing', () => at('missing')],
  ['below a file', () => join(import.meta.filename, 'below')],
  ['a loop of links', () => (symlinkSync('loop', at('loop')), at('loop'))],
  ['a name that no file system takes', () => at('x'.repeat(300))],
])('says that there is no such file: %s', async (_case, path) => {
  const opening = openUserFile(path(), 'disks[0]');
  await expect(opening).rejects.toThrow(InvalidInputError);
  await expect(opening).rejects.toThrow(/^disks\[0\]: no such file: /);
});

it('names the field of a file that cannot be read, and leaves other errors', () => {
  const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
  expect(explainUnreadable(denied, '/secret', 'location')).toMatchObject({
    message: 'location: permission denied: /secret',
    cause: denied,
  });
  const broken = Object.assign(new Error('EIO'), { code: 'EIO' });
  expect(explainUnreadable(broken, '/secret', 'location')).toBe(broken);
});

it('refuses other kinds of files at once, with the error of the caller', async () => {
  const listening = createServer().listen(at('socket'));
  onTestFinished(() => void listening.close());
  await once(listening, 'listening');
  execFileSync('mkfifo', [at('pipe')]);
  const refusal = (kind: string): Error => new Error(`not ${kind}`);
  await expect(openUserFile(work, 'path', refusal)).rejects.toThrow('not a directory');
  await expect(openUserFile(at('pipe'), 'path', refusal)).rejects.toThrow('not a named pipe');
  await expect(openUserFile(at('socket'), 'path', refusal)).rejects.toThrow('not a socket');
  await expect(openUserFile('/dev/zero', 'path')).rejects.toThrow(
    'path: /dev/zero is a device, not a regular file',
  );
});
