import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { keeperProgram } from '../../../../src/process/native/keeper-program.ts';
import { holdFileLock } from '../../../../src/process/lock/file-lock.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { KeeperLab } from './keeper-lab.ts';

const parent = temporaryDirectory();

async function heldByLauncher(scope: Scope) {
  const lab = new KeeperLab(keeperProgram(), parent, scope);
  const lock = lab.path('lock');
  const launcher = new Scope();
  const held = await holdFileLock(lock, launcher);
  if (!held) throw new Error('nobody else has it');
  return { lab, lock, launcher, held };
}

describe('the lock after its launcher has exited', () => {
  it('is held until its keeper has written the record of the run', async () => {
    await using scope = new Scope();
    const { lab, lock, launcher, held } = await heldByLauncher(scope);
    // The record is written to a temporary file first, and opening a pipe waits for its reader.
    execFileSync('mkfifo', [lab.path('run.json.new')]);
    const keeper = lab.boot('hang', { lock: held.descriptor });
    await launcher.close();
    await until(
      () =>
        readdirSync(`/proc/${keeper.pid}/fd`).some(
          (fd) => linkOf(keeper.pid, fd) === lab.path('keeper.lock'),
        ),
      { awaited: 'the keeper is at its record' },
    );
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(await holdFileLock(lock, scope)).toBeUndefined();
    }
    expect(existsSync(lab.path('run.json'))).toBe(false);
    readFileSync(lab.path('run.json.new'));
    await until(
      async () => {
        return (await holdFileLock(lock, scope)) !== undefined;
      },
      { awaited: 'the lock is free' },
    );
  });

  it('is released while the machine runs', async () => {
    await using scope = new Scope();
    const { lab, lock, launcher, held } = await heldByLauncher(scope);
    const keeper = lab.boot('hang', { lock: held.descriptor });
    await keeper.running;
    expect(await holdFileLock(lock, scope)).toBeUndefined();
    await launcher.close();
    await until(
      async () => {
        return (await holdFileLock(lock, scope)) !== undefined;
      },
      { awaited: 'the lock is free' },
    );
  });
});

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    // Closed in the meantime.
    return '';
  }
}
