import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  FaultUnavailableError,
  InvalidInputError,
  MachineEndedError,
  type TemporaryTemplate,
  TimedOutError,
  createTemplate,
  launch,
} from '../../src/index.ts';
import { NetworkFaults, TestMachine } from '../../src/testing/index.ts';
import { temporaryDirectory } from '../directory.ts';
import { awaitedLater, until } from '../until.ts';

const MiB = 1024 * 1024;
const DAY_MS = 86_400_000;
/** Much longer than a request takes here, even on a busy host. */
const LATENCY_MS = 250;

describe('a machine under test', () => {
  const copied = temporaryDirectory();
  const socket = join(temporaryDirectory(), 'web.sock');
  let template: TemporaryTemplate;
  let vm: TestMachine;
  beforeAll(async () => {
    template = await createTemplate({
      disks: ['16M'],
      run: 'mkdir -p /srv /mnt; echo hello >/srv/index.html; mke2fs /dev/vda; mount /dev/vda /mnt; httpd -p 80 -h /srv',
    });
    writeFileSync(join(copied, 'file'), 'of the host\n');
    vm = new TestMachine(
      await template.fork({
        ports: ['80', '127.0.0.1::9000/udp', `${socket}:80`],
        volumes: [`${copied}:/copied:copy`],
        name: 'victim',
      }),
    );
  });
  afterAll(async () => {
    await vm[Symbol.asyncDispose]();
    await template.remove();
  });

  async function requestMs(): Promise<number> {
    const begin = performance.now();
    const response = await fetch(vm.url(80), { headers: { connection: 'close' } });
    expect(await response.text()).toBe('hello\n');
    return performance.now() - begin;
  }

  it('has slow packets in each direction until the fault ends', async () => {
    // passt of 2026 resets a connection whose first packet is not answered within a second, and the first one needs
    // an ARP exchange.
    await requestMs();
    {
      await using _slow = await vm.net.shape({ latencyMs: LATENCY_MS });
      // SYN, SYN and ACK, request, answer.
      expect(await requestMs()).toBeGreaterThanOrEqual(4 * LATENCY_MS);
      await using _slower = await vm.net.shape({ latencyMs: 1.5 * LATENCY_MS, jitterMs: 0 });
      expect(await requestMs()).toBeGreaterThanOrEqual(6 * LATENCY_MS);
    }
    await until(async () => (await requestMs()) < 4 * LATENCY_MS);
  });

  it('loses packets until the fault ends', async () => {
    const forward = vm.machine.ports.find(({ protocol }) => protocol === 'udp');
    const socket = createSocket('udp4');
    const arrived = async (): Promise<number> => {
      const { lines } = await vm.sh`grep ^Udp: /proc/net/snmp`;
      const [, received = NaN, toNobody = NaN] = (lines[1] ?? '').split(' ').map(Number);
      return received + toNobody;
    };
    /** The number to send so that 200 arrive. */
    const sentFor200 = async (): Promise<number> => {
      const before = await arrived();
      for (let sent = 0; ; sent += 20) {
        if ((await arrived()) - before >= 200) return sent;
        for (let count = 0; count < 20; count++) {
          await new Promise((done) => socket.send('x', forward?.hostPort ?? 0, '127.0.0.1', done));
        }
      }
    };
    try {
      const loss = await vm.net.shape({ lossPercent: 50 });
      const sent = await sentFor200();
      await loss.end();
      // 200 or more of 300 by chance: once in a hundred million times.
      expect(sent).toBeGreaterThan(300);
      expect(await sentFor200()).toBeLessThanOrEqual(300);
    } finally {
      socket.close();
    }
  });

  it('has its cable unplugged until up() or the end of the last fault', async () => {
    const carrier = async (): Promise<string> => (await vm.sh`cat /sys/class/net/eth0/carrier`).stdout;
    const down = await vm.net.down();
    const again = await vm.net.down({ card: 'network-device' });
    await until(async () => (await carrier()) === '0');
    await expect(fetch(vm.url(80), { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    await down.end();
    expect(await carrier()).toBe('0');
    await again.end();
    await until(async () => (await carrier()) === '1');
    await vm.waitFor.http(vm.url(80));
    await vm.net.down();
    await vm.net.up();
    await until(async () => (await carrier()) === '1');
  });

  it('has a different time of day, earlier or later, until the faults end', async () => {
    const aheadMs = async (): Promise<number> => Number((await vm.sh`date +%s`).stdout) * 1000 - Date.now();
    const uptime = async (): Promise<number> =>
      Number((await vm.readFile('/proc/uptime', 'utf8')).split(' ')[0]);
    const before = await uptime();
    const ahead = await vm.clock.jump(400 * DAY_MS);
    expect((await aheadMs()) / DAY_MS).toBeCloseTo(400, 2);
    const back = await vm.clock.jump(-500 * DAY_MS);
    expect((await aheadMs()) / DAY_MS).toBeCloseTo(-100, 2);
    await ahead.end();
    expect((await aheadMs()) / DAY_MS).toBeCloseTo(-500, 2);
    await back.end();
    expect((await aheadMs()) / DAY_MS).toBeCloseTo(0, 2);
    expect((await uptime()) - before).toBeLessThan(600);
    await expect(vm.clock.jump(NaN)).rejects.toThrow(InvalidInputError);
    // An impossible time leaves the clock unchanged.
    await expect(vm.clock.jump(-100 * 365 * DAY_MS)).rejects.toThrow(InvalidInputError);
    expect((await aheadMs()) / DAY_MS).toBeCloseTo(0, 2);
  });

  it('has a full disk until the fault ends', async () => {
    const free = async (): Promise<number> => Number((await vm.sh`stat -f -c %f /mnt`).stdout) * 1024;
    const before = await free();
    {
      await using _full = await vm.disk.fill({ path: '/mnt' });
      expect(await free()).toBe(0);
      await expect(vm.sh`dd if=/dev/zero of=/mnt/file bs=4096 count=1`).rejects.toThrow(
        'No space left on device',
      );
      expect((await vm.sh`ls -A /mnt`).lines).toEqual(['file', 'lost+found']);
      await vm.sh`rm /mnt/file`;
    }
    expect(await free()).toBe(before);
    {
      await using _nearly = await vm.disk.fill({ path: '/mnt', freeBytes: MiB });
      expect(Math.abs((await free()) - MiB)).toBeLessThanOrEqual(16 * 1024);
    }
    expect(await free()).toBe(before);
    await expect(vm.disk.fill({ path: '/nowhere' })).rejects.toThrow(FaultUnavailableError);
  });

  it('has a failing disk or sector until the fault ends', async () => {
    const read = async (sector: number): Promise<void> => {
      await vm.sh`dd if=/dev/vda of=/dev/null bs=4096 count=1 skip=${sector / 8} iflag=direct`;
    };
    const write = async (): Promise<void> => {
      await vm.sh`dd if=/dev/zero of=/mnt/file bs=4096 count=1 conv=fsync`;
    };
    {
      await using _broken = await vm.disk.fail();
      await expect(read(0)).rejects.toThrow('Input/output error');
      await using _sector = await vm.disk.fail({ on: ['read'], sector: 30_001 });
      await read(0);
      await expect(read(30_000)).rejects.toThrow('Input/output error');
      await write();
    }
    await read(30_000);
    // A direct read waits for pending writes there.
    await vm.sh`sync`;
    {
      await using _writes = await vm.disk.fail({ on: ['write', 'flush'] });
      await read(0);
      await expect(write()).rejects.toThrow('Input/output error');
    }
    await write();
    await expect(vm.disk.fail({ disk: 1 })).rejects.toThrow(
      'disk: no disk has index 1; the machine has only disk 0',
    );
    await expect(vm.disk.fail({ on: [] })).rejects.toThrow(InvalidInputError);
  });

  it('has a slow disk until the fault ends', async () => {
    const readMs = async (count: number): Promise<number> => {
      const begin = performance.now();
      await vm.sh`dd if=/dev/vda of=/dev/null bs=4096 count=${count} iflag=direct`;
      return performance.now() - begin;
    };
    {
      // QEMU’s initial burst is a tenth of a second’s worth.
      await using _requests = await vm.disk.slow({ requestsPerSecond: 20 });
      expect(await readMs(42)).toBeGreaterThanOrEqual(1900);
      await using _bytes = await vm.disk.slow({ bytesPerSecond: 4096 * 10 });
      expect(await readMs(21)).toBeGreaterThanOrEqual(1900);
    }
    await until(async () => (await readMs(42)) < 1900);
    await expect(vm.disk.slow({})).rejects.toThrow(InvalidInputError);
  });

  it('has little memory until the fault ends', async () => {
    const available = async (): Promise<number> => {
      const { stdout } = await vm.sh`sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo`;
      return Number(stdout) * 1024;
    };
    const before = await available();
    {
      await using _pressure = await vm.memory.pressure({ freeBytes: 24 * MiB });
      expect(Math.abs((await available()) - 24 * MiB)).toBeLessThan(8 * MiB);
      expect((await vm.sh`cat /proc/mounts`).stdout).not.toContain('ramfs');
    }
    await until(async () => (await available()) > before - 8 * MiB);
    await expect(vm.memory.pressure({ freeBytes: 0 })).rejects.toThrow(InvalidInputError);
  });

  it('does not run while it is paused', async () => {
    const state = async (): Promise<string> => (await vm.machine.qmp.execute('query-status')).status;
    const pause = await vm.pause();
    let isAnswered = false;
    const answer = awaitedLater(vm.sh`echo here`.then(() => (isAnswered = true)));
    for (let round = 0; round < 50; round++) expect(await state()).toBe('paused');
    await expect(vm.machine.sync({ timeoutMs: 50 })).rejects.toThrow(TimedOutError);
    await expect(vm.machine.copyBack({ signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/);
    expect(isAnswered).toBe(false);
    await pause.end();
    await answer;
    await vm.pause();
    await vm.pause();
    await vm.resume();
    expect(await state()).toBe('running');
  });

  it('loses its power, and starts again from its disk', async () => {
    await expect(vm.start()).rejects.toThrow(InvalidInputError);
    const before = vm.machine;
    const url = vm.url(80);
    await vm.sh`rm -r /mnt/*; echo kept >/mnt/flushed; sync; echo lost >/mnt/unflushed`;
    const fault = await vm.net.shape({ latencyMs: 1 });
    const full = await vm.disk.fill({ path: '/run' });
    vm.alarm.expect('oom-kill');
    expect(await vm.crash()).toEqual({ kind: 'killed', signal: 'SIGKILL', expected: true });
    await expect(vm.sh`true`).rejects.toThrow(MachineEndedError);
    await fault.end();
    await full.end();
    await vm.start();
    expect(vm.machine).not.toBe(before);
    expect(vm.alarm.expected).toEqual(['oom-kill']);
    expect(
      (await vm.sh`hostname; mkdir -p /mnt /srv; mount /dev/vda /mnt; ls /mnt; cat /mnt/flushed`).lines,
    ).toEqual(['victim', 'flushed', 'kept']);
    await vm.sh`echo again >/srv/index.html; httpd -p 80 -h /srv`;
    expect(vm.url(80)).toBe(url);
    expect(await (await fetch(url)).text()).toBe('again\n');
    expect(vm.machine.sockets).toEqual(before.sockets);
    const [answer] = (await once(get({ socketPath: socket, agent: false }), 'response')) as [IncomingMessage];
    expect(await text(answer)).toBe('again\n');
    await vm.sh`cp /copied/file /copied/again`;
    await vm.machine.copyBack();
    expect(readFileSync(join(copied, 'again'), 'utf8')).toBe('of the host\n');
    // The new machine can have what the old one had.
    await using _slow = await vm.net.shape({ latencyMs: LATENCY_MS });
    await using _broken = await vm.disk.fail({ on: ['read'] });
    await vm.crash();
  });

  it('leaves nothing when it is disposed of during a crash or a start', async () => {
    const crashes = new TestMachine(await template.fork());
    const crash = crashes.crash();
    await crashes[Symbol.asyncDispose]();
    await crash;
    expect(existsSync(crashes.machine.plan.directory.storage)).toBe(false);
    const starts = new TestMachine(await template.fork());
    await starts.crash();
    const start = awaitedLater(expect(starts.start()).rejects.toThrow(/was disposed of/));
    await starts[Symbol.asyncDispose]();
    await start;
    expect(existsSync(starts.machine.plan.directory.storage)).toBe(false);
  });
});

describe('faults that a machine does not support', () => {
  it('are rejected with what is missing', async () => {
    await using bare = await launch({ net: 'none', until: 'running' });
    await expect(new NetworkFaults(bare).down()).rejects.toThrow('the machine has no network card');
    await using machine = await launch({ until: 'running' });
    if (machine.plan.network?.backend !== 'passt-vhost-user') {
      console.warn('skipped: the passt of this host does not take packets past QEMU');
      return;
    }
    const net = new NetworkFaults(machine);
    await expect(net.shape({ lossPercent: 1 })).rejects.toThrow(FaultUnavailableError);
    await expect(net.down()).rejects.toThrow('bypass QEMU');
    await expect(net.shape({ lossPercent: 101 })).rejects.toThrow(InvalidInputError);
    await expect(net.shape({ latencyMs: 1, jitterMs: 2 })).rejects.toThrow(InvalidInputError);
    await expect(net.down({ card: 'other' })).rejects.toThrow(InvalidInputError);
  });
});
