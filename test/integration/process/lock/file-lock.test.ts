import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';
import { holdFileLock } from '../../../../src/process/lock/file-lock.ts';
import { Scope } from '../../../../src/util/scope.ts';

const directory = temporaryDirectory();

describe('holdFileLock', () => {
  it('excludes other processes until the scope closes, and returns the inode', async () => {
    const path = join(directory, 'lock');
    await using first = new Scope();
    await using second = new Scope();
    expect(await holdFileLock(path, first)).toMatchObject({ inode: statSync(path).ino });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await holdFileLock(path, second)).toBeUndefined();
    await first.close();
    expect(await holdFileLock(path, second)).toMatchObject({ inode: statSync(path).ino });
  });

  it('is granted to exactly one of many processes', async () => {
    const path = join(directory, 'contended');
    await using scope = new Scope();
    const held = await Promise.all(Array.from({ length: 20 }, async () => holdFileLock(path, scope)));
    expect(held.filter((lock) => lock !== undefined)).toHaveLength(1);
    expect(openDescriptorsOf(path)).toBe(1);
    await scope.close();
    expect(openDescriptorsOf(path)).toBe(0);
  });

  it('is released when its holder is killed', async () => {
    const path = join(directory, 'of-the-killed');
    const launcher = spawn(process.execPath, ['--import', 'tsx', 'fixtures/keeper/lock-holder.ts', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(launcher.stdout, 'data');
    await using scope = new Scope();
    expect(await holdFileLock(path, scope)).toBeUndefined();
    launcher.kill('SIGKILL');
    await until(async () => (await holdFileLock(path, scope)) !== undefined, { awaited: 'the lock is free' });
  });

  it('explains what is wrong with the file', async () => {
    await using scope = new Scope();
    const attempt = holdFileLock(join(directory, 'nowhere/lock'), scope);
    await expect(attempt).rejects.toThrow(/ENOENT: no such file or directory.*nowhere\/lock/);
    mkdirSync(join(directory, 'folder'));
    await expect(holdFileLock(join(directory, 'folder'), scope)).rejects.toThrow(
      /EISDIR: illegal operation on a directory/,
    );
  });
});

function openDescriptorsOf(path: string): number {
  const { ino, dev } = statSync(path);
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    // The one that reads the directory is closed by now.
    const found = statSync(`/proc/self/fd/${descriptor}`, { throwIfNoEntry: false });
    return found?.ino === ino && found.dev === dev;
  }).length;
}
