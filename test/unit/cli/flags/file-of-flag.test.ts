import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { templateCreateCommand } from '../../../../src/cli/state/template-create.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

test.each([
  ['gone', undefined, 'no such file: PATH'],
  ['folder', 'directory', 'PATH is a directory; expected a file'],
  ['binary', Buffer.from([0xff, 0xfe]), 'PATH is not UTF-8 text'],
  [
    'large',
    Buffer.alloc(1024 * 1024 + 1, 'x'),
    'PATH is too large: 1048577 bytes; the maximum is 1048576 bytes',
  ],
])('template create --run @FILE explains a file that is %s', async (name, what, problem) => {
  const path = join(directory, name);
  if (what === 'directory') mkdirSync(path);
  else if (what !== undefined) writeFileSync(path, what);
  const command = templateCreateCommand().exitOverride();
  const words = ['t', '--image', 'micro', '--run', `@${path}`];
  await expect(command.parseAsync(words, { from: 'user' })).rejects.toThrow(
    `run: ${problem.replace('PATH', path)}`,
  );
});
