import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { type Socket, createConnection, createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { keyboardSectors } from '../../../../fixtures/guests/keyboard-sectors.ts';
import {
  MissingDeviceError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
} from '../../../../src/errors/index.ts';
import { keyNames } from '../../../../src/machine/screen/key-names.ts';
import { sendKeys } from '../../../../src/machine/screen/keyboard.ts';
import { keysOfText, parseKeys } from '../../../../src/machine/screen/keys.ts';
import { followLog } from '../../../../src/machine/logs/log-file.ts';
import { pngOfPpm } from '../../../../src/machine/screen/ppm.ts';
import { takeScreenshot } from '../../../../src/machine/screen/screenshot.ts';
import { rate } from '../../../../src/machine/logs/statistics-rate.ts';
import { readStatistics } from '../../../../src/machine/logs/statistics.ts';
import { keyValueOption } from '../../../../src/machine/qemu/quote.ts';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { run } from '../../../../src/process/run.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { Peer, failureOf, negotiate } from '../../qmp/qemu.ts';
import { coloursOf, decodePng } from '../png.ts';

/** A q35 with a disk and its serial port in a file, in its own directory. */
class Machine implements AsyncDisposable {
  readonly #directory = makeTemporaryDirectory();
  readonly #peer: Peer;
  readonly directory = this.#directory.path;
  readonly serialLog = join(this.directory, 'serial.log');
  readonly debugLog = join(this.directory, 'debug.log');
  readonly secondMonitor = join(this.directory, 'second.sock');
  qmp!: QmpClient;

  private constructor(disk: Buffer, more: readonly string[]) {
    const image = join(this.directory, 'disk.raw');
    writeFileSync(image, disk);
    this.#peer = new Peer([
      ...(['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none'] as const),
      ...['-machine', 'q35', '-accel', 'tcg', '-m', '64'],
      ...['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'],
      ...[
        '-chardev',
        keyValueOption('socket', { id: 'second', path: this.secondMonitor, server: 'on', wait: 'off' }),
      ],
      ...['-mon', 'chardev=second,mode=control'],
      ...['-chardev', keyValueOption('file', { id: 'serial', path: this.serialLog })],
      ...['-device', 'isa-serial,chardev=serial'],
      ...['-chardev', keyValueOption('file', { id: 'debug', path: this.debugLog })],
      ...['-device', 'isa-debugcon,iobase=0x402,chardev=debug'],
      ...['-blockdev', JSON.stringify({ driver: 'file', 'node-name': 'disk-file', filename: image })],
      ...['-blockdev', JSON.stringify({ driver: 'raw', 'node-name': 'disk', file: 'disk-file' })],
      ...[
        '-device',
        JSON.stringify({ driver: 'virtio-blk-pci', id: 'disk-device', drive: 'disk', bootindex: 0 }),
      ],
      ...more,
    ]);
  }

  static async start(disk: Buffer, ...more: string[]): Promise<Machine> {
    const machine = new Machine(disk, more);
    machine.qmp = await negotiate(machine.#peer);
    return machine;
  }

  get pid(): number {
    return this.#peer.process.pid;
  }

  async until(log: string, satisfied: (text: string) => boolean): Promise<string> {
    let text = '';
    for await (const chunk of followLog(log)) {
      text += chunk.toString('latin1');
      if (satisfied(text)) break;
    }
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
    this.#directory.remove();
  }
}

const vga = ['-device', 'VGA,id=screen'];
const hasText = (text: string): boolean => text !== '';

describe('screenshot', () => {
  test('shows what the firmware writes on the screen, running and paused', async () => {
    await using machine = await Machine.start(bootSectors.hang, ...vga);
    const { qmp, directory } = machine;
    await machine.until(machine.serialLog, hasText);
    const running = decodePng(await takeScreenshot(qmp, { directory }));
    expect([running.width, running.height]).toEqual([720, 400]);
    expect(coloursOf(running).size).toBeGreaterThan(1);
    await qmp.execute('stop');
    const paused = decodePng(await takeScreenshot(qmp, { directory, device: 'screen', head: 0 }));
    expect(paused.pixels.length).toBe(running.pixels.length);

    const ppm = join(directory, 'picture.ppm');
    await qmp.execute('screendump', { filename: ppm });
    expect(decodePng(pngOfPpm(readFileSync(ppm))).pixels.equals(paused.pixels)).toBe(true);

    const error = await failureOf(takeScreenshot(qmp, { directory, device: 'nothing' }));
    expect(error).toBeInstanceOf(QmpRefusedError);
    expect(readdirSync(directory).filter((name) => name.startsWith('screenshot'))).toEqual([]);
  });

  test('returns PNG even from a QEMU that writes only PPM', async () => {
    await using machine = await Machine.start(bootSectors.hang, ...vga);
    const { directory } = machine;
    await using old = await withoutPng(machine.secondMonitor, join(directory, 'old.sock'));
    const picture = decodePng(await takeScreenshot(old.qmp, { directory }));
    expect(old.refused()).toBe(1);
    expect(picture.width).toBeGreaterThan(300);
  });

  test('of a machine without a screen is a VmletError', async () => {
    await using machine = await Machine.start(bootSectors.hang);
    const error = await failureOf(takeScreenshot(machine.qmp, { directory: machine.directory }));
    expect(error).toBeInstanceOf(MissingDeviceError);
    expect(error).toMatchObject({ device: 'display' });
  });

  test('removes the files of dead processes, and no others', async () => {
    await using machine = await Machine.start(bootSectors.hang, ...vga);
    const { directory, qmp } = machine;
    const startTime = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19] ?? '';
    const mine = `screenshot-${process.pid}-${startTime}-00000000`;
    for (const name of [mine, `screenshot-${process.pid}-1-00000000`, 'screenshot.png']) {
      writeFileSync(join(directory, name), '');
    }
    await takeScreenshot(qmp, { directory });
    const left = readdirSync(directory).filter((name) => name.startsWith('screenshot'));
    expect(left.sort()).toEqual([mine, 'screenshot.png'].sort());
  });
});

describe('keys', () => {
  test('are named as QEMU names them', async () => {
    await using machine = await Machine.start(bootSectors.hang);
    const types = await machine.qmp.execute('query-qmp-schema');
    const qcodes = types.flatMap((type) =>
      type['meta-type'] === 'enum' ? [type.members.map(({ name }) => name)] : [],
    );
    const known = qcodes.find((values) => values.includes('ctrl_r')) ?? [];
    // Added in QEMU 8.0.
    const mayLack = (name: string): boolean => /^f(?:1[3-9]|2[0-4])$/.test(name) && !known.includes('f13');
    expect(keyNames.filter((name) => !mayLack(name)).sort()).toEqual(
      known.filter((name) => name !== 'unmapped').sort(),
    );
  });

  test('type every character of a US keyboard', async () => {
    await using machine = await Machine.start(keyboardSectors.characters);
    await machine.until(machine.serialLog, hasText);
    const text = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
    await sendKeys(machine.qmp, keysOfText(`${text}\t\n`), { holdMs: 2, pauseMs: 1 });
    const typed = await machine.until(machine.serialLog, (serial) => serial.endsWith('\r'));
    expect(typed).toBe(`>${text}\t\r`);
  });

  test('wait for a guest that reads them slowly', async () => {
    await using machine = await Machine.start(keyboardSectors.slowScanCodes);
    await machine.until(machine.serialLog, hasText);
    const keys = 40;
    await sendKeys(machine.qmp, keysOfText('a'.repeat(keys)), { holdMs: 1, pauseMs: 0 });
    const bytes = 1 + 2 * keys;
    const seen = await machine.until(machine.serialLog, (serial) => serial.length >= bytes);
    expect(seen).toBe(`>${'\x1e\x9e'.repeat(keys)}`);
  });

  test('reach the firmware’s boot menu', async () => {
    await using machine = await Machine.start(bootSectors.hang, ...vga, '-boot', 'menu=on,splash-time=60000');
    await machine.until(machine.debugLog, (text) => text.includes('Press ESC'));
    await sendKeys(machine.qmp, [parseKeys('esc')]);
    await machine.until(machine.debugLog, (text) => text.includes('Select boot device'));
  });

  test('are not sent to a guest that reads none, nor to a paused one', async () => {
    await using machine = await Machine.start(bootSectors.hang);
    await machine.until(machine.serialLog, hasText);
    const error = await failureOf(sendKeys(machine.qmp, keysOfText('ab'), { patienceMs: 100 }));
    expect(error).toBeInstanceOf(TimedOutError);
    expect(error.message).toContain('key combination 1 of 2');
    await machine.qmp.execute('stop');
    expect(await failureOf(sendKeys(machine.qmp, keysOfText('a')))).toBeInstanceOf(QmpStateError);
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    expect(await failureOf(sendKeys(machine.qmp, keysOfText('a'), { signal }))).toBe(reason);
  });
});

describe('statistics', () => {
  test('cover processors, memory and disks', async () => {
    const drive = ['-device', 'ide-cd,id=cdrom', '-device', 'virtio-balloon-pci'];
    await using machine = await Machine.start(bootSectors.spin, '-smp', '2', ...drive);
    await machine.until(machine.serialLog, hasText);
    const read = async () =>
      readStatistics({
        qmp: machine.qmp,
        qemuPid: machine.pid,
        helperPids: [],
        hasTap: false,
        now: Date.now(),
      });
    const first = await read();
    expect(first).toMatchObject({
      version: 1,
      memory: { guestBytes: 64 * 1024 ** 2, balloonBytes: 64 * 1024 ** 2 },
      disks: [
        { device: 'cdrom', node: null, sizeBytes: null, allocatedBytes: null },
        { device: 'disk-device', node: 'disk', sizeBytes: 1024 ** 2, writtenBytes: 0 },
      ],
      networks: null,
    });
    expect(first.disks[1]?.readBytes).toBeGreaterThanOrEqual(512);
    const image = statSync(join(machine.directory, 'disk.raw'));
    expect(first.disks[1]?.allocatedBytes).toBe(image.blocks * 512);
    expect(first.memory.rssBytes).toBeGreaterThanOrEqual(first.memory.pssBytes ?? Infinity);
    expect(first.memory.pssBytes).toBeGreaterThan(1024 ** 2);

    let second = await read();
    // The guest spins on one of its two processors; its speed depends on the host.
    const busy = (): number => Math.max(...second.cpu.virtualProcessorsMs);
    const before = busy();
    while (busy() < before + 100) second = await read();
    const between = rate(first, second);
    expect(between?.cpu.percent).toBeGreaterThan(0);
    expect(between?.cpu.virtualProcessorsPercent).toHaveLength(2);
    const [less, more] = [...(between?.cpu.virtualProcessorsPercent ?? [])].sort((one, other) => one - other);
    expect(more).toBeGreaterThan(less ?? Infinity);
    // A reading does not read the times of the process and of its threads at one moment.
    expect((await read()).cpu.qemuMs).toBeGreaterThanOrEqual(busy());
  });

  const mayMakeTaps = process.getuid?.() === 0 && existsSync('/dev/net/tun');
  if (!mayMakeTaps) console.warn('not tested: traffic of a tap interface, for want of root or /dev/net/tun');

  test.skipIf(!mayMakeTaps)('count what the guest receives from a tap interface', async () => {
    const tap = `vmlet-${process.pid}`;
    const netdev = JSON.stringify({ type: 'tap', id: 'net', ifname: tap, script: 'no', downscript: 'no' });
    await using machine = await Machine.start(bootSectors.hang, '-netdev', netdev);
    await run(['ip', 'address', 'add', '192.0.2.1/24', 'dev', tap]);
    await run(['ip', 'link', 'set', tap, 'up']);
    const source = { qmp: machine.qmp, qemuPid: machine.pid, helperPids: [], hasTap: true, now: 0 };
    await using sender = createSocket('udp4');
    sender.bind(0, '192.0.2.1');
    await once(sender, 'listening');
    for (;;) {
      // The host asks the guest for its hardware address.
      sender.send('x', 9, '192.0.2.2');
      const [network] = (await readStatistics(source)).networks ?? [];
      expect(network).toMatchObject({ source: 'host', interface: tap, sentBytes: 0 });
      if ((network?.receivedBytes ?? 0) > 0) break;
    }
  });

  test('have no balloon if the machine has none, and fail when QEMU is gone', async () => {
    await using machine = await Machine.start(bootSectors.hang);
    const source = {
      qmp: machine.qmp,
      qemuPid: machine.pid,
      helperPids: [process.pid],
      hasTap: false,
      now: 5,
    };
    const statistics = await readStatistics(source);
    expect(statistics).toMatchObject({ readAt: 5, memory: { balloonBytes: null } });
    expect(statistics.cpu.helpersMs).toBeGreaterThan(0);
    await machine.qmp.execute('quit');
    expect(await failureOf(readStatistics(source))).toMatchObject({ code: 'VMLET_QMP_CLOSED' });
  });
});

test('a viewer can connect to a unix socket of any name, and gets the screen’s size', async () => {
  const { path: directory, remove } = makeTemporaryDirectory();
  const path = join(directory, 'a,b=c d.sock');
  try {
    await using machine = await Machine.start(
      bootSectors.hang,
      ...vga,
      '-vnc',
      `unix:${path.replaceAll(',', ',,')}`,
    );
    await machine.until(machine.serialLog, hasText);
    const viewer = createConnection({ path });
    try {
      // RFC 6143, 7.1 and 7.3: versions, security types, the choice of None, its result, then the screen.
      expect((await take(viewer, 12)).toString('latin1')).toBe('RFB 003.008\n');
      viewer.write('RFB 003.008\n');
      expect([...(await take(viewer, 2))]).toEqual([1, 1]);
      viewer.write(Buffer.from([1]));
      expect((await take(viewer, 4)).readUInt32BE()).toBe(0);
      viewer.write(Buffer.from([1]));
      const screen = await take(viewer, 4);
      expect([screen.readUInt16BE(0), screen.readUInt16BE(2)]).toEqual([720, 400]);
    } finally {
      viewer.destroy();
    }
  } finally {
    remove();
  }
});

async function take(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk) return chunk;
    await once(socket, 'readable');
  }
}

/**
 * A proxy to the monitor at `behind` that answers like a QEMU without libpng, which rejects format=png. The client
 * sends one request at a time.
 */
async function withoutPng(
  behind: string,
  path: string,
): Promise<{ qmp: QmpClient; refused: () => number } & AsyncDisposable> {
  let refused = 0;
  const server = createServer((client) => {
    const monitor = createConnection({ path: behind });
    monitor.pipe(client);
    client.on('data', (request) => {
      if (!request.includes('"format":"png"')) {
        monitor.write(request);
        return;
      }
      refused++;
      client.write('{"error":{"class":"GenericError","desc":"Enable PNG support with libpng"}}\r\n');
    });
    client.on('close', () => monitor.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  const qmp = await QmpClient.connect(path);
  return {
    qmp,
    refused: () => refused,
    async [Symbol.asyncDispose]() {
      await qmp.close();
      server.close();
    },
  };
}
