import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ImageLockedError, PermissionError } from '../../../../src/errors/index.ts';
import { openLinkedFile } from '../../../../src/machines/disks/linked-file.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const parent = temporaryDirectory();

it.each([
  (path: string) => new ImageLockedError(path, ['vmlet-db (pid 42)'], { hint: 'stop it' }),
  (path: string) => new PermissionError(`permission denied for QEMU: ${path}`, { hint: 'stop it' }),
])('a file that cannot be opened by its link is reported by its own path', async (failure) => {
  const directory = directoryIn(parent, 'machine-');
  const storage = directoryIn(directory, 'storage-');
  const path = join(directory, 'data.qcow2');
  writeFileSync(path, '');
  const opened: string[] = [];
  const open = async (name: string): Promise<never> => {
    opened.push(name);
    expect(existsSync(name)).toBe(true);
    return Promise.reject(name === path ? new PermissionError('out of sight') : failure(name));
  };
  const { name, message } = failure(path);
  await expect(openLinkedFile({ storage }, path, open)).rejects.toMatchObject({
    name,
    message,
    hint: 'stop it',
  });
  expect(opened).toHaveLength(2);
  expect(readdirSync(storage)).toEqual([]);
});
