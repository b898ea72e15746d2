import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { openNotifySocket } from '../../../../fixtures/keeper/notify-socket.ts';
import { until } from '../../../until.ts';
import { isSystemError } from '../../../../src/errors/index.ts';
import { keeperArguments, signalKeeper } from '../../../../src/process/keeper.ts';
import { keeperProgram } from '../../../../src/process/native/keeper-program.ts';
import { run } from '../../../../src/process/run.ts';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { KeeperLab, gone } from './keeper-lab.ts';
import { currentBootId, identifyProcess } from '../../../../src/process/procfs/identity.ts';

const directory = temporaryDirectory();
let scope: Scope;

beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => scope.close());

describe('a keeper under systemd', () => {
  it.each(['a path', 'an abstract name'])(
    'reports to %s that the machine runs, and that it ends',
    async (kind) => {
      const lab = new KeeperLab(keeperProgram(), directory, scope);
      const address = kind === 'a path' ? lab.path('notify') : `@vmlet-test-${process.pid}`;
      const notifications = await openNotifySocket(address, scope);
      const keeper = lab.boot('powerOff', { notifySocket: address });
      await keeper.ended;
      await until(() => notifications().includes('STOPPING=1'));
      expect(notifications()).toEqual([`MAINPID=${keeper.pid}`, 'READY=1', 'STOPPING=1']);
    },
  );

  it.each([
    ['kill', 0],
    ['fail the start', 1],
  ] as const)('after "%s", exits with status %i', async (action, status) => {
    const lab = new KeeperLab(keeperProgram(), directory, scope);
    mkdirSync(lab.runtimeDirectory);
    const keeper = spawn(keeperProgram(), keeperArguments(lab.options(['/bin/sleep', '60'])), {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exit = once(keeper, 'exit');
    scope.defer(() => void keeper.kill('SIGKILL'));
    await once(keeper.stdout, 'data');
    const identity = identifyProcess(keeper.pid ?? 0);
    expect(identity && signalKeeper(identity, action)).toBe(true);
    expect(await exit).toEqual([status, null]);
    expect(lab.end()).toMatchObject({ signal: 9, sentSignal: 9 });
  });
});

describe('a keeper whose launcher does not read its reports', () => {
  it('keeps running', async () => {
    const lab = new KeeperLab(keeperProgram(), directory, scope);
    const keeper = lab.boot('powerOff');
    keeper.release();
    await until(() => existsSync(lab.path('end.json')), { awaited: 'the end is written down' });
    expect(lab.end()).toMatchObject({ exitCode: 0, negotiated: true });
    const identity = identifyProcess(keeper.pid);
    if (identity) await gone({ ...identity, bootId: currentBootId() });
  });
});

describe('a keeper on a full disk', () => {
  it('keeps running, keeps its record and events, and has reserved space for the final record', async (context) => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    const mounted = await run(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'vmlet-test', disk], {
      acceptedExitCodes: [0, 1, 32],
    });
    if (mounted.exitCode !== 0) {
      console.warn(`skipped: no small disk can be mounted here: ${mounted.stderr.trim()}`);
      return context.skip();
    }
    scope.defer(async () => {
      await run(['umount', '--lazy', disk]);
    });
    const lab = new KeeperLab(keeperProgram(), disk, scope);
    const qmp = join(directory, 'full.sock');
    const keeper = lab.boot('babble', { qemu: ['-qmp', `unix:${qmp},server=on,wait=off`] });
    await keeper.running;
    fill(join(disk, 'ballast'));
    const client = await QmpClient.connect(qmp);
    await client.execute('stop');
    const reader = await lab.reader();
    await client.execute('cont');
    await until(() => reader.text().length > 10_000, { awaited: 'the guest is heard all the same' });
    await client.execute('stop');
    await until(() => lab.record().state === 'paused', {
      awaited: 'the record says so, in the room that was kept for it',
    });
    await client.execute('cont');
    await until(() => lab.record().state === 'running', { awaited: 'and again' });
    const lines = lab.text('events.ndjson').trim().split('\n');
    expect(lines.slice(-2).map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'STOP',
      'RESUME',
    ]);
    rmSync(lab.path('run.json.spare'));
    // The guest’s output would use that space, but possibly not before the record does.
    fill(join(disk, 'ballast'));
    await client.execute('stop');
    expect(lab.record().state).toBe('running');
    rmSync(join(disk, 'ballast'));
    await until(() => lab.record().state === 'paused', { awaited: 'the record is mended' });
    expect(existsSync(lab.path('run.json.spare'))).toBe(false);
    fill(join(disk, 'ballast'));
    await client.close();
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
    expect(lab.end()).toMatchObject({ exitCode: 0 });
    expect(existsSync(lab.path('run.json'))).toBe(false);
  });
});

function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (const piece of [Buffer.alloc(4096), Buffer.alloc(1)])
      while (writeSync(file, piece) === piece.length);
  } catch (error) {
    if (!isSystemError(error, 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}
