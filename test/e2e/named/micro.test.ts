import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VMLET } from '../command.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from './home.ts';
import { Terminal } from './terminal.ts';

/** Replaces the program that lists the guest's addresses; the file system in memory has it again after a reboot. */
const asIp = (script: string): string =>
  `first=\${PATH%%:*}; mkdir -p "$first"; rm -f "$first/ip"; printf '#!/bin/sh\\n${script}\\n' >"$first/ip"; chmod +x "$first/ip"`;

/** These tests depend on their order: one machine serves all of them. */
describe('micro as a named machine', () => {
  let home: Home;
  beforeAll(async () => {
    home = await makeHome();
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
  afterAll(async () => home.close());

  async function inGuest(script: string): Promise<string> {
    const { status, stdout, stderr } = await home.exec('m', 'sh', '-c', script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  test('has a shell on its serial console, and a new one when that exits', async () => {
    await home.store.get('m').waitFor({ log: [/^m: micro; files in \/data are kept/, /root@m:~# $/] });
    using terminal = new Terminal(home);
    terminal.run(`${process.execPath} ${VMLET} console m`);
    await terminal.shows(/root@m:~# *$/);
    terminal.press('echo $((6 * 7)); tty; exit', 'Enter');
    await terminal.shows(/^42$/);
    await terminal.shows(/^\/dev\/ttyS0$/);
    // Input typed between the two shells is lost with the session that ends.
    await until(() => /^\/dev\/ttyS0$[^]*^root@m:~# *$/m.test(terminal.lines().join('\n').trimEnd()));
    terminal.press('echo again $((6 * 7))', 'Enter');
    await terminal.shows(/^again 42$/);
    terminal.press('C-]');
    await terminal.shows(/^left with 0$/);
  });

  test('keeps the files in /data, also in snapshots', async () => {
    expect(await inGuest('grep " /data " /proc/mounts')).toMatch(/^\/dev\/vda \/data ext4 rw/);
    await inGuest('echo first >/data/file; sync');
    expect(await home.vmlet('snapshot', 'create', 'm', 'first')).toMatchObject({ status: 0 });
    await inGuest('echo second >/data/file');
    expect(await home.vmlet('snapshot', 'restore', 'm', 'first')).toMatchObject({ status: 0 });
    expect(await inGuest('cat /data/file')).toBe('first\n');
    // A power cut, after which the journal is replayed.
    expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    expect(await inGuest('cat /data/file')).toBe('first\n');
  });

  test('keeps an unfinished copy only if it is killed, and accepts the next one', async () => {
    const fifo = join(home.path, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const parts = async (): Promise<string> => inGuest('ls -A /data | grep -c "^[.]vmlet-" || :');
    for (const [ending, left] of [
      [['stop', '-t', '20m'], '0\n'],
      [['kill'], '1\n'],
    ] as const) {
      const copying = home.start(['cp', fifo, 'm:/data/copied']);
      const writer = openSync(fifo, 'r+');
      try {
        writeSync(writer, 'part');
        await until(async () => (await parts()) === '1\n', { awaited: 'something is on its way' });
        await inGuest('sync');
        expect(await home.vmlet(...ending, 'm')).toMatchObject({ status: 0 });
      } finally {
        closeSync(writer);
      }
      expect(await copying.finished).toMatchObject({ status: 125 });
      expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
      expect(await parts()).toBe(left);
      expect(await home.vmlet('cp', '/etc/passwd', 'm:/data/copied')).toMatchObject({
        status: 0,
        stderr: '',
      });
    }
    await inGuest('rm /data/.vmlet-* /data/copied');
  });

  test("has the host's time after a pause, a save and a restored snapshot", async () => {
    const succeeds = async (...words: string[]): Promise<void> =>
      expect(await home.vmlet(...words)).toMatchObject({ status: 0 });
    const secondsLate = async (): Promise<number> => Date.now() / 1000 - Number(await inGuest('date +%s'));
    // As if it had been interrupted then.
    const goBack = async (): Promise<string> => inGuest('date -s @1000000000 >/dev/null');
    await goBack();
    await succeeds('snapshot', 'create', 'm', 'early');
    for (const [interrupt, goOn] of [
      ['pause', 'resume'],
      ['save', 'start'],
    ] as const) {
      await goBack();
      await succeeds(interrupt, 'm');
      await succeeds(goOn, 'm');
      expect(await secondsLate()).toBeLessThan(600);
    }
    await succeeds('snapshot', 'restore', 'm', 'early');
    expect(await secondsLate()).toBeLessThan(600);
    await succeeds('snapshot', 'rm', 'm', 'early');
  });

  test.each([
    ['reboots', ['reboot']],
    ['gets Ctrl-Alt-Del', ['kill', '-INT', '1']],
  ])('has its disk, name and network again when its guest %s', async (_, command) => {
    await home.vmlet('exec', 'm', 'touch', '/run/before');
    await home.vmlet('exec', 'm', ...command);
    const address = 'test ! -e /run/before && ip -o -4 addr show dev eth0 2>/dev/null || :';
    const seen = await until(async () => {
      const { status, stdout } = await home.vmlet('exec', 'm', 'sh', '-c', address);
      return status === 0 && stdout !== '' && stdout;
    });
    expect(seen).toMatch(/inet 10\.0\.2\.15\/24/);
    expect(await inGuest('hostname; cat /data/file')).toBe('m\nfirst\n');
    // Without it, a panic looks like a reboot.
    await inGuest('test -d /sys/module/pvpanic_mmio');
  });

  test('a wait for a port continues when the guest reboots during a look at it', async () => {
    expect(await home.vmlet('port', 'add', 'm', '7777')).toMatchObject({ status: 0 });
    // The look asks for the addresses.
    await inGuest(asIp('reboot -f; sleep 600'));
    await inGuest('touch /run/before');
    const waiting = home.start(['wait', 'm', '--for', 'port=7777', '--timeout', '10m']);
    await until(async () => (await home.vmlet('exec', 'm', 'test', '!', '-e', '/run/before')).status === 0);
    await home.vmlet('exec', '-d', 'm', '--', 'nc', '-ll', '-p', '7777', '-e', 'cat');
    expect(await waiting.finished).toMatchObject({ status: 0, stderr: '' });
  });

  test('reports at once that it has no screen and no keyboard', async () => {
    const hint = '  use its serial console: vmlet console m\n';
    expect(await home.vmlet('screenshot', 'm', '-')).toMatchObject({
      status: 125,
      stderr: `vmlet: machine "m" has no screen\n${hint}`,
    });
    expect(await home.vmlet('sendkey', 'm', 'a')).toMatchObject({
      status: 125,
      stderr: `vmlet: machine "m" has no screen and no keyboard\n${hint}`,
    });
  });
});

test('vmlet ip without a network says that the guest does not answer', async () => {
  await using home = await disposableHome();
  await home.vmlet('create', 'm', '--image', 'micro', '-m', '256M', '--net', 'none', '--start');
  expect(await home.exec('m', 'sh', '-c', asIp('sleep 600'))).toMatchObject({ status: 0, stderr: '' });
  expect(await home.vmlet('ip', 'm')).toMatchObject({
    status: 124,
    stderr: 'vmlet: timed out after 5 s waiting for the guest to list its addresses\n',
  });
});

describe('the disk at /data', () => {
  test('has the requested size, and is omitted if other disks are given', async () => {
    await using home = await disposableHome();
    await home.store.create({ name: 'sized', image: 'micro', diskSize: '1G' });
    expect(
      (await home.store.get('sized').disks()).map(({ name, virtualBytes }) => [name, virtualBytes]),
    ).toEqual([['disk0', 1024 ** 3]]);
    await home.store.create({ name: 'own', image: 'micro', disks: ['64M'] });
    expect((await home.store.get('own').disks()).map(({ virtualBytes }) => virtualBytes)).toEqual([
      64 * 1024 ** 2,
    ]);
    const both = await home.vmlet('create', 'both', '--image', 'micro', '--disk', '1G', '--disk-size', '2G');
    expect(both.stderr).toMatch(/^vmlet: --disk-size: applies only to /);
  });
});

async function disposableHome(): Promise<Home & AsyncDisposable> {
  const home = await makeHome();
  return { ...home, [Symbol.asyncDispose]: async () => home.close() };
}
