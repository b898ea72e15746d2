import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { exchangeFile } from '../../../../src/util/files/atomic-file.ts';
import { onReplacement } from '../../../../src/util/files/replacement.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const parent = temporaryDirectory();

it('calls back when the file is replaced, but not for others, until it is stopped', async () => {
  const directory = directoryIn(parent, 'd');
  const file = join(directory, 'table');
  let changes = 0;
  const stop = onReplacement(file, () => changes++);
  writeFileSync(join(directory, 'other'), '');
  exchangeFile(file, 'one');
  await vi.waitUntil(() => changes === 1);
  exchangeFile(file, 'two');
  await vi.waitUntil(() => changes === 2);
  // The kernel reports changes in their order to all.
  let marks = 0;
  const stopOther = onReplacement(join(directory, 'mark'), () => marks++);
  stop();
  exchangeFile(file, 'three');
  exchangeFile(join(directory, 'mark'), '');
  await vi.waitUntil(() => marks > 0);
  expect(changes).toBe(2);
  stopOther();
});

it('calls back at intervals where it cannot watch', async () => {
  let calls = 0;
  const stop = onReplacement(join(parent, 'missing', 'table'), () => calls++, 5);
  await vi.waitUntil(() => calls > 1);
  stop();
});
