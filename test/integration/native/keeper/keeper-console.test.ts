import { type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';
import type { StartedKeeper } from '../../../../src/process/keeper.ts';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { readLogTimes } from '../../../../src/machine/logs/log-times.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { KeeperLab, sanitizedKeeper } from './keeper-lab.ts';

const CONSOLE = join(import.meta.dirname, '../../../../fixtures/keeper/console.mjs');
const MIB = 1024 * 1024;

const directory = temporaryDirectory();
let program: string, scope: Scope, lab: KeeperLab;

beforeAll(async () => {
  program = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
  lab = new KeeperLab(program, directory, scope);
});
afterEach(async () => {
  await scope.close();
  expect(lab.text('qemu.log')).not.toMatch(/Sanitizer|runtime error/);
});

const start = (...mode: string[]): StartedKeeper => lab.start([process.execPath, CONSOLE, ...mode]);

async function stalledReader(): Promise<Socket> {
  const socket = connect(lab.consolePath);
  scope.defer(() => void socket.destroy());
  await once(socket, 'connect');
  return socket.pause();
}

describe('the console that a keeper serves', () => {
  it('connects a real guest with all readers and writers', async () => {
    const keeper = lab.boot('echo', {
      paused: true,
      qemu: ['-qmp', `unix:${lab.path('q')},server=on,wait=off`],
    });
    await keeper.negotiated;
    const [first, second] = [await lab.reader(), await lab.reader()];
    const client = await QmpClient.connect(lab.path('q'));
    await client.execute('cont');
    await until(() => first.text() === 'up\n' && second.text() === 'up\n', { awaited: 'both see the guest' });
    first.socket.write('hello');
    await until(() => [first, second].every(({ text }) => text() === 'up\nhello'), {
      awaited: 'both see the echo',
    });
    second.socket.end('?');
    await until(() => second.text() === 'up\nhello?', { awaited: 'a half-closed one still reads' });
    expect(lab.text('serial.log')).toBe('up\nhello?');
    await client.close();
    process.kill(keeper.pid, 'SIGTERM');
    await keeper.ended;
    await once(first.socket, 'close');
  });

  it('delivers every byte to each reader that does not stall, for up to 64 readers', async () => {
    const keeper = start('counts', '62');
    await keeper.started;
    const stalled = await stalledReader();
    const readers = await Promise.all(Array.from({ length: 62 }, async () => lab.reader()));
    const leaving = await lab.reader();
    const tooMany = connect(lab.consolePath);
    await once(tooMany, 'close');
    for (const { socket } of readers) {
      socket.write('.');
      socket.on('data', (chunk: Buffer) => socket.write('.'.repeat(chunk.toString().split('#').length - 1)));
    }
    leaving.socket.destroy();
    const numbers = Array.from({ length: 500_000 }, (_, index) => index).join('\n');
    for (const { text } of readers) {
      await until(() => text().split('#').length === 51, { awaited: 'it has all' });
      expect(text().replaceAll('#', '').trimEnd() === numbers).toBe(true);
    }
    let seen = 0;
    stalled.on('data', (chunk: Buffer) => (seen += chunk.length));
    stalled.resume();
    await once(stalled, 'end');
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(2 * MIB);
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
  });

  it('does not block a guest that prints endlessly when a reader stalls', async () => {
    const keeper = lab.boot('babble');
    await keeper.running;
    await stalledReader();
    const reader = await lab.reader();
    await until(() => reader.text().length > 100_000, { awaited: 'the guest goes on' });
    expect(reader.text()).toMatch(/^x+$/);
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
  });

  it('does not fill the disk: the log is rotated at 4 MiB', async () => {
    const keeper = start('floods');
    await keeper.started;
    const reader = await lab.reader();
    reader.socket.pause();
    await until(() => statSync(lab.path('serial.log.1'), { throwIfNoEntry: false }) !== undefined, {
      awaited: 'the log was set aside',
    });
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
    expect(statSync(lab.path('serial.log.1')).size).toBeLessThanOrEqual(4 * MIB);
    expect(statSync(lab.path('serial.log')).size).toBeLessThanOrEqual(4 * MIB);
    expect(statSync(lab.path('serial.log')).mode & 0o777).toBe(0o600);
    // Its index of times with it.
    const [older, newer] = [lab.path('serial.log.times.1'), lab.path('serial.log.times')].map(readLogTimes);
    expect([older?.[0]?.position, newer?.[0]?.position]).toEqual([0, 0]);
    expect(older?.[0]?.time).toBeLessThanOrEqual(newer?.[0]?.time ?? 0);
    expect(older?.at(-1)?.position).toBeLessThanOrEqual(statSync(lab.path('serial.log.1')).size);
    expect(statSync(lab.path('serial.log.times')).mode & 0o777).toBe(0o600);
  });

  it('keeps the index of the older log while its own log is empty', async () => {
    const [older, own] = [lab.path('serial.log.times.1'), lab.path('serial.log.times')];
    const index = Buffer.alloc(16, 1);
    writeFileSync(older, index);
    // The log was truncated since.
    writeFileSync(own, Buffer.alloc(32, 2));
    const keeper = start('last-words');
    await keeper.started;
    expect(readFileSync(older)).toEqual(index);
    expect(readFileSync(own)).toEqual(Buffer.alloc(0));
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
  });

  it('tells readers of the serial socket where in the log their output begins, across its rotation', async () => {
    const earlier = 'earlier\n'.repeat((3 * MIB) / 8);
    writeFileSync(lab.path('serial.log'), earlier);
    const keeper = start('counts', '1');
    await keeper.started;
    const driver = await lab.reader();
    const readers: { text: () => string }[] = [];
    let joining = Promise.resolve();
    driver.socket.on('data', (chunk: Buffer) => {
      const pieces = chunk.toString().split('#').length - 1;
      if (pieces === 0) return;
      driver.socket.write('.'.repeat(pieces));
      joining = joining.then(async () => void readers.push(await lab.reader(lab.serialPath)));
    });
    driver.socket.write('.');
    await until(() => driver.text().split('#').length === 51, { awaited: 'the guest has ended' });
    await joining;
    const [older, newer] = ['serial.log.1', 'serial.log'].map((name) => lab.path(name));
    const all = Buffer.concat([readFileSync(older!), readFileSync(newer!)]).toString();
    expect(all).toBe(earlier + driver.text());
    const files = new Set<string>();
    for (const { text } of readers) {
      await until(() => text().includes('\n'), { awaited: 'its first line has come' });
      const [line, inode, offset] = /^(\d+) (\d+)\n/.exec(text())!;
      const isNewer = BigInt(inode!) === statSync(newer!, { bigint: true }).ino;
      const position = Number(offset) + (isNewer ? statSync(older!).size : 0);
      await until(() => position + text().length - line.length === all.length, { awaited: 'it has all' });
      expect(text().slice(line.length) === all.slice(position)).toBe(true);
      files.add(inode!);
    }
    expect(files.size).toBe(2);
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
  });

  it('delays writers to a guest that does not read, and loses nothing', async () => {
    const keeper = start('reads-later');
    await keeper.started;
    const [pasting, other] = [await lab.reader(), await lab.reader()];
    const text = 'x'.repeat(MIB);
    pasting.socket.write(text);
    other.socket.end('y');
    await until(() => pasting.socket.writableLength > 0, { awaited: 'it is held back' });
    const watcher = await lab.reader();
    other.socket.destroy();
    await until(() => lab.text('serial.log') === 'ready\n', { awaited: 'it hears signals' });
    process.kill((await keeper.started).pid, 'SIGUSR2');
    await until(() => watcher.text().includes(`read ${MIB + 1}\n`), { awaited: 'the guest has it all' });
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
  });

  it('delivers the last output to a slow reader', async () => {
    const keeper = start('last-words');
    await keeper.started;
    const reader = await lab.reader();
    reader.socket.pause();
    reader.socket.write('go\n');
    await until(() => lab.text('serial.log').endsWith('the end\n'), { awaited: 'QEMU is gone' });
    reader.socket.resume();
    await keeper.ended;
    await until(() => reader.text().endsWith('the end\n'), { awaited: 'the reader has the last words' });
  });
});
