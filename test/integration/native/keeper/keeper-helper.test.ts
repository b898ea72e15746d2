import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';
import { probeQemu } from '../../../../src/host/programs/qemu.ts';
import { currentBootId, identifyProcess } from '../../../../src/process/procfs/identity.ts';
import type { KeeperHelper, StartedKeeper } from '../../../../src/process/keeper.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { KeeperLab, gone, sanitizedKeeper } from './keeper-lab.ts';

const MONITOR = join(import.meta.dirname, '../../../../fixtures/keeper/monitor.mjs');
/** Lives as long as its connection. */
const SERVE = 'echo serving; exec cat <&3 >/dev/null';

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

const names = (): string[] => lab.events().map(({ event }) => event);
const count = (name: string): number => names().filter((event) => event === name).length;

const { hasReconnectMs } = await probeQemu(requireProgram('qemu-system-x86_64'), undefined);

/** QEMU reconnects to the helper where it can, and is connected to where it cannot (QEMU 7.2). */
function bootConnected(given: KeeperHelper): StartedKeeper {
  const dials = given.kind === undefined ? !hasReconnectMs : given.kind === 'dials';
  const helper: KeeperHelper = { ...given, kind: dials ? 'dials' : 'accepted' };
  const netdev = {
    type: 'stream',
    id: 'n',
    server: dials,
    addr: { type: 'unix', path: helper.socketPath },
    ...(!dials && { 'reconnect-ms': 50 }),
  };
  const device = { driver: 'virtio-net-pci', id: 'network-device', netdev: 'n' };
  return lab.boot('hang', {
    helpers: [helper],
    qemu: ['-netdev', JSON.stringify(netdev), '-device', JSON.stringify(device)],
  });
}

describe('a helper', () => {
  it.for([
    { how: 'QEMU connects', dials: false },
    { how: 'the keeper has connected', dials: true },
  ])(
    'is started when $how, recorded, started again when it ends, and ends with QEMU',
    async (way, { skip }) => {
      const { dials } = way;
      skip(!dials && !hasReconnectMs, 'this QEMU has no reconnect-ms');
      const helper = { ...lab.helper('passt', SERVE), kind: dials ? 'dials' : 'accepted' } as const;
      const keeper = bootConnected(helper);
      await keeper.running;
      await until(() => lab.record().helpers['passt'] !== undefined, { awaited: 'the helper is recorded' });
      const first = { ...lab.record().helpers['passt']!, bootId: currentBootId() };
      expect(identifyProcess(first.pid)).toEqual(first);
      // It is recorded before it has become the requested program.
      await until(() => programOf(first.pid) === 'cat', { awaited: 'the helper is cat' });
      // PWD is the shell’s own variable.
      expect(readFileSync(`/proc/${first.pid}/environ`, 'latin1')).toBe('PWD=/\0');

      writeFileSync(
        helper.argumentsPath,
        readFileSync(helper.argumentsPath, 'latin1').replace('serving', 'anew'),
      );
      process.kill(first.pid, 'SIGKILL');
      await until(() => count('VMLET_HELPER_STARTED') === 2, { awaited: 'the second one runs' });
      const second = { ...lab.record().helpers['passt']!, bootId: currentBootId() };
      expect(second.pid).not.toBe(first.pid);
      expect(lab.events()).toContainEqual(
        expect.objectContaining({
          event: 'VMLET_HELPER_EXITED',
          data: { helper: 'passt', exitCode: null, signal: 9 },
        }),
      );
      process.kill(keeper.pid, 'SIGTERM');
      expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
      expect(identifyProcess(second.pid)).toBeUndefined();
      expect(lab.text('passt.log')).toBe('serving\nanew\n');
      expect(names()).not.toContain('VMLET_COMMAND_FAILED');
    },
  );

  it('dies with a keeper that is killed', async () => {
    const keeper = bootConnected(lab.helper('passt', 'trap "" TERM; while :; do sleep 0.05; done'));
    await keeper.running;
    await until(() => lab.record().helpers['passt'] !== undefined, { awaited: 'the helper is recorded' });
    const helper = { ...lab.record().helpers['passt']!, bootId: currentBootId() };
    process.kill(keeper.pid, 'SIGKILL');
    await gone(helper);
  });

  it('that fails repeatedly is restarted less and less often', async () => {
    const keeper = bootConnected(lab.helper('other', 'exit 3'));
    await keeper.running;
    await until(() => count('VMLET_HELPER_STARTED') === 5, { awaited: 'it was tried five times' });
    const at = lab
      .events()
      .filter(({ event }) => event === 'VMLET_HELPER_STARTED')
      .map(({ timestamp }) => timestamp!.seconds * 1000 + timestamp!.microseconds / 1000);
    const pauses = at.slice(1).map((time, index) => time - at[index]!);
    // 100 ms, doubled each time; QEMU reconnects before that.
    pauses.forEach((pause, index) => expect(pause).toBeGreaterThanOrEqual(95 * 2 ** index));
    expect(lab.events()).toContainEqual(
      expect.objectContaining({ data: { helper: 'other', exitCode: 3, signal: null } }),
    );
    process.kill(keeper.pid, 'SIGTERM');
    await keeper.ended;
  });

  it.each([
    ['the file is missing', undefined, 'No such file or directory'],
    ['the file is empty', '', 'Invalid argument'],
    ['the program’s path is not absolute', 'sh\0', 'Invalid argument'],
    ['the program is missing', '/nothing/here\0', 'No such file or directory'],
    ['the file is endless', '/dev/zero', 'Argument list too long'],
  ])('that cannot be started because %s is reported', async (_why, content, error) => {
    const helper = lab.helper('other', SERVE);
    if (content === '/dev/zero' || content === undefined) {
      Object.assign(helper, { argumentsPath: content ?? lab.path('nothing') });
    } else {
      writeFileSync(helper.argumentsPath, content);
    }
    const keeper = bootConnected(helper);
    await keeper.running;
    await until(() => count('VMLET_HELPER_FAILED') >= 2, { awaited: 'it was tried twice' });
    expect(lab.events()).toContainEqual(
      expect.objectContaining({ event: 'VMLET_HELPER_FAILED', data: { helper: 'other', error } }),
    );
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
  });

  it('is replaced by the helper of a newer connection', async () => {
    const stubborn = lab.helper('other', 'trap "" TERM; echo one; while :; do sleep 0.05; done');
    const keeper = lab.start([process.execPath, MONITOR, 'answers', lab.path('requests')], {
      helpers: [stubborn],
    });
    await keeper.running;
    const sockets = [connect(stubborn.socketPath)];
    scope.defer(() => sockets.forEach((socket) => socket.destroy()));
    await until(() => existsSync(stubborn.logPath) && lab.text('other.log') === 'one\n', {
      awaited: 'the first one runs',
    });
    sockets.push(connect(stubborn.socketPath), connect(stubborn.socketPath), connect(stubborn.socketPath));
    await until(() => count('VMLET_HELPER_STARTED') === 2, { awaited: 'the second one runs' });
    await until(() => lab.text('other.log') === 'one\none\n', { awaited: 'it speaks' });
    expect(names().filter((name) => name.startsWith('VMLET_HELPER'))).toEqual([
      'VMLET_HELPER_STARTED',
      'VMLET_HELPER_EXITED',
      'VMLET_HELPER_STARTED',
    ]);
    const pid = lab.record().helpers['other']!.pid;
    process.kill(keeper.pid, 'SIGTERM');
    await keeper.ended;
    // It ignored two seconds of waiting and SIGTERM.
    expect(identifyProcess(pid)).toBeUndefined();
    expect(lab.events().at(-1)).toMatchObject({ event: 'VMLET_HELPER_EXITED', data: { signal: 9 } });
  });

  it('that was restarted gets a frame with the guest’s hardware address, even if the guest sends none', async () => {
    const helper = lab.helper('passt', 'head -c 18 <&3 | od -An -v -tx1 -w18; exec cat <&3 >/dev/null');
    const keeper = bootConnected(helper);
    await keeper.running;
    // QEMU’s first connection may arrive before its monitor does.
    await until(() => count('VMLET_HELPER_STARTED') === 1, { awaited: 'the first one runs' });
    process.kill(lab.record().helpers['passt']!.pid, 'SIGKILL');
    await until(() => count('VMLET_HELPER_STARTED') === 2, { awaited: 'the second one runs' });
    // Four bytes of length, broadcast, from the first address that QEMU assigns, RARP.
    const frame = ' 00 00 00 3c ff ff ff ff ff ff 52 54 00 12 34 56 80 35\n';
    await until(() => lab.text('passt.log').endsWith(frame), { awaited: 'it has the frame' });
    process.kill(keeper.pid, 'SIGTERM');
    await keeper.ended;
    expect(names()).not.toContain('VMLET_COMMAND_FAILED');
  });
});

describe('a helper that listens', () => {
  /** Echoes its input on the only connection that it accepts, and exits with a status at its end. */
  const accepts = (status: number) => `exec '${process.execPath}' -e '
    const server = require("net").createServer((connection) => {
      server.close();
      connection.pipe(connection).on("close", () => process.exit(${status}));
    });
    server.listen({ fd: 3 });'`;

  async function connected(helper: KeeperHelper): Promise<{ keeper: StartedKeeper; socket: Socket }> {
    const keeper = lab.start([process.execPath, MONITOR, 'answers', lab.path('requests')], {
      helpers: [helper],
    });
    await keeper.running;
    expect(count('VMLET_HELPER_STARTED')).toBe(0);
    const socket = connect(helper.socketPath);
    scope.defer(() => void socket.destroy());
    socket.on('error', () => undefined).write('hello');
    const [echo] = (await once(socket, 'data')) as [Buffer];
    expect(echo.toString()).toBe('hello');
    return { keeper, socket };
  }

  it('accepts the connection itself, and its socket’s path is removed', async () => {
    const helper: KeeperHelper = { ...lab.helper('share0', accepts(0)), kind: 'listens' };
    const { keeper, socket } = await connected(helper);
    expect(existsSync(helper.socketPath)).toBe(false);
    expect(count('VMLET_HELPER_STARTED')).toBe(1);
    socket.destroy();
    // It exits as it does when QEMU closes the connection, and nothing else happens.
    await until(() => count('VMLET_HELPER_EXITED') === 1, { awaited: 'it has exited' });
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
    expect(lab.end()).toMatchObject({ lostHelper: null });
    expect(count('VMLET_HELPER_STARTED')).toBe(1);
  });

  async function echoOf(path: string): Promise<{ socket: Socket; echo: string }> {
    const socket = connect(path);
    scope.defer(() => void socket.destroy());
    socket.on('error', () => undefined).write('hello');
    const [echo] = (await once(socket, 'data')) as [Buffer];
    return { socket, echo: echo.toString() };
  }

  it('is started again for a device that is plugged in later', async () => {
    const helper: KeeperHelper = { ...lab.helper('share0', accepts(0)), kind: 'listens' };
    const { keeper, socket } = await connected(helper);
    for (let round = 1, last = socket; round < 4; round++) {
      last.destroy();
      await until(() => count('VMLET_HELPER_EXITED') === round, { awaited: 'it has exited' });
      await until(() => existsSync(helper.socketPath), { awaited: 'its socket is there again' });
      const next = await echoOf(helper.socketPath);
      expect(next.echo).toBe('hello');
      expect(existsSync(helper.socketPath)).toBe(false);
      last = next.socket;
    }
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
    expect(lab.end()).toMatchObject({ lostHelper: null });
  });

  it.each([
    ['cannot be started', '/nothing/here\0', 'VMLET_HELPER_FAILED'],
    ['fails before it accepts', '/bin/sh\0-c\0exit 3\0', 'VMLET_HELPER_EXITED'],
  ])('that %s ends the connection only, and may be tried again', async (_how, content, event) => {
    const helper: KeeperHelper = { ...lab.helper('share0', accepts(0)), kind: 'listens' };
    const working = readFileSync(helper.argumentsPath);
    writeFileSync(helper.argumentsPath, content);
    const keeper = lab.start([process.execPath, MONITOR, 'answers', lab.path('requests')], {
      helpers: [helper],
    });
    await keeper.running;
    const socket = connect(helper.socketPath);
    scope.defer(() => void socket.destroy());
    const reset = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    socket.resume();
    await reset;
    await until(() => count(event) === 1, { awaited: 'it was told' });
    await until(() => existsSync(helper.socketPath), { awaited: 'its socket is there again' });
    writeFileSync(helper.argumentsPath, working);
    expect((await echoOf(helper.socketPath)).echo).toBe('hello');
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
    expect(lab.end()).toMatchObject({ lostHelper: null });
  });

  it.each([
    ['fails', accepts(3), { exitCode: 3, signal: null }],
    ['is killed', accepts(0), { exitCode: null, signal: 9 }],
  ])('and %s ends the machine, and the record names it', async (how, script, status) => {
    const { keeper, socket } = await connected({ ...lab.helper('share0', script), kind: 'listens' });
    if (how === 'fails') socket.destroy();
    else process.kill(lab.record().helpers['share0']!.pid, 'SIGKILL');
    expect(await keeper.ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
    expect(lab.end()).toMatchObject({ lostHelper: { name: 'share0', ...status } });
  });
});

describe('the monitor', () => {
  it('reports what QEMU refuses to do', async () => {
    const keeper = lab.start([process.execPath, MONITOR, 'connects', lab.path('requests')]);
    await keeper.running;
    await until(() => count('VMLET_COMMAND_FAILED') === 1, { awaited: 'the refusal is told' });
    expect(lab.events()).toContainEqual(
      expect.objectContaining({
        data: { command: 'announce-self', error: { class: 'DeviceNotFound', desc: 'no "device"\n' } },
      }),
    );
    process.kill(keeper.pid, 'SIGTERM');
    await keeper.ended;
  });
});

function programOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}
