import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bootSector, bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { keyboardSectors } from '../../../fixtures/guests/keyboard-sectors.ts';
import type { NetworkStatistics } from '../../../src/machines/index.ts';
import type { QmpClient } from '../../../src/qmp/index.ts';
import { pause } from '../../../src/util/time/pause.ts';
import { coloursOf, decodePng } from '../../integration/machine/png.ts';
import { type Started, VMLET, start } from '../command.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from './home.ts';
import { Terminal } from './terminal.ts';

/** Clears the screen, if a terminal interprets it. */
const clearing = bootSector(
  [0xba, 0xf8, 0x03], // mov dx, 0x3f8
  [...Buffer.from('\u001b[2J\u001b[Hcleared\r\n')].flatMap((byte) => [0xb0, byte, 0xee]), // mov al, byte; out dx, al
);

/** Prints the characters from 0 to 127 and then the number of the round, modulo 128, without end. */
const WAIT = [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x20, 0x74, 0xfb]; // mov dx, 0x3fd; in al, dx; test al, 0x20; jz to in
const counting = bootSector(
  [0x31, 0xdb], // xor bx, bx
  WAIT, // again:
  [0xba, 0xf8, 0x03, 0x88, 0xd8, 0xee, 0xfe, 0xc3, 0x79, 0xee], // mov dx, 0x3f8; mov al, bl; out dx, al; inc bl; jns again
  WAIT,
  [0xba, 0xf8, 0x03, 0x88, 0xf8, 0xee], // mov dx, 0x3f8; mov al, bh; out dx, al
  [0xfe, 0xc7, 0x80, 0xe7, 0x7f, 0x30, 0xdb, 0xeb, 0xd7], // inc bh; and bh, 0x7f; xor bl, bl; jmp again
);
const ROUNDS = Array.from({ length: 128 }, (_, round) =>
  String.fromCharCode(...Array.from({ length: 128 }, (_, character) => character), round),
).join('');

const sectors = { ...bootSectors, keys: keyboardSectors.characters, clearing, counting };

let home: Home;
let terminal: Terminal;
beforeAll(async () => {
  home = await makeHome();
  terminal = new Terminal(home);
});
afterEach(async () => {
  terminal[Symbol.dispose]();
  await home.removeAll();
});
afterAll(async () => home.close());

/** A running machine whose guest has printed something. */
async function machine(
  name: string,
  sector: keyof typeof sectors,
  ...flags: readonly string[]
): Promise<void> {
  const image = join(home.path, `${sector}.img`);
  writeFileSync(image, sectors[sector]);
  const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
  expect(await home.vmlet('create', name, ...hardware, '--start', ...flags)).toMatchObject({ status: 0 });
  await until(() => readFileSync(home.store.get(name).files.serialLog).length > 0);
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function interrupted(command: Started): Promise<void> {
  command.process.kill('SIGINT');
  expect(await command.finished).toMatchObject({ status: 130, stderr: '' });
}

describe('vmlet logs', () => {
  it('prints a log as text or unchanged, of a running or stopped machine, and reports an empty one', async () => {
    await machine('m', 'clearing');
    const said = '\u001b[2J\u001b[Hcleared\r\n';
    expect(await home.vmlet('logs', 'm')).toMatchObject({ status: 0, stdout: 'cleared\n', stderr: '' });
    expect(await home.vmlet('logs', '--raw', 'm')).toMatchObject({ status: 0, stdout: said, stderr: '' });
    expect(readFileSync(home.store.get('m').files.serialLog, 'utf8')).toBe(said);
    await home.vmlet('kill', 'm');
    expect((await home.vmlet('logs', '--raw', '-n', '1', 'm')).stdout).toBe(said);
    const events = jsonLines((await home.vmlet('logs', '--source', 'events', 'm')).stdout);
    expect(events.map(({ event }) => event)).toContain('RESUME');
    expect(await home.vmlet('logs', '--source', 'passt', 'm')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'vmlet: the passt log of m is empty\n',
    });
    expect((await home.vmlet('logs', 'none')).stderr).toContain('no such machine: none');
  });

  it('selects lines by --since and --until', async () => {
    await machine('m', 'hang');
    await home.vmlet('kill', 'm');
    // The times of a serial log are accurate to a second.
    await pause(2500);
    const between = new Date().toISOString();
    await home.vmlet('start', 'm');
    await home.vmlet('wait', 'm', '--for', 'log=up');
    const out = async (...flags: string[]): Promise<string> =>
      (await home.vmlet('logs', 'm', ...flags)).stdout;
    expect(await out()).toBe('up\nup\n');
    expect(await out('--since', between)).toBe('up\n');
    expect(await out('--until', between)).toBe('up\n');
    expect(await out('--since', '1h')).toBe('up\nup\n');
    expect(await out('--until', '1h')).toBe('');
    expect(await out('--since', '10m', '--until', '5m', '-f')).toBe('');
    for (const side of ['--since', '--until']) {
      const events = jsonLines(await out('--source', 'events', side, between));
      expect(events.filter(({ event }) => event === 'RESUME')).toHaveLength(1);
    }
    const soon = new Date(Date.now() + 3000).toISOString();
    expect(await out('-f', '--since', between, '--until', soon)).toBe('up\n');
    expect(await home.vmlet('logs', 'm', '--source', 'qemu', '--since', '1h')).toMatchObject({
      status: 125,
      stdout: '',
      stderr: expect.stringContaining('--since: the qemu log has no timestamps') as string,
    });
  });

  it('follows a machine across runs until it is removed', async () => {
    await machine('m', 'hang');
    const following = home.start(['logs', '-f', '-n', '1', 'm']);
    await until(() => following.stdout() === 'up\n');
    await home.vmlet('kill', 'm');
    await home.vmlet('start', 'm');
    await until(() => following.stdout() === 'up\nup\n');
    const other = home.start(['logs', '-f', '-n', '1', 'm']);
    await until(() => other.stdout() === 'up\n');
    await home.vmlet('kill', 'm');
    await interrupted(other);
    await home.vmlet('rm', '--storage', 'm');
    expect(await following.finished).toMatchObject({ status: 125, stdout: 'up\nup\n' });
    expect(following.stderr()).toContain('no such machine: m');
  });

  it('does not let a guest control the terminal', async () => {
    await machine('m', 'clearing');
    terminal.run(`echo before; ${process.execPath} ${VMLET} logs m`);
    await terminal.shows(/^left with 0$/);
    expect(terminal.lines().slice(0, 2)).toEqual(['before', 'cleared']);
  });
});

describe('vmlet events', () => {
  it('prints the events of all machines without waiting', async () => {
    await machine('one', 'hang');
    await machine('two', 'hang');
    const all = home.start(['events', '--json']);
    const mine = home.start(['events', '--json', '--since-start', 'two']);
    await until(() => mine.stdout().includes('RESUME'));
    // It prints no event from before it watched.
    await until(async () => {
      await home.vmlet('pause', 'one');
      await home.vmlet('resume', 'one');
      return all.stdout().includes('STOP') && all.stdout().includes('RESUME');
    });
    // Neither reads any more; the machines end all the same.
    all.process.kill('SIGSTOP');
    mine.process.kill('SIGSTOP');
    expect(await home.vmlet('stop', '-t', '2', 'one', 'two')).toMatchObject({ status: 0 });
    all.process.kill('SIGCONT');
    mine.process.kill('SIGCONT');
    const ends = (events: Started): unknown[] =>
      jsonLines(events.stdout())
        .filter(({ event }) => event === 'SHUTDOWN')
        .map(({ machine: name }) => name);
    await until(() => ends(all).length === 2 && ends(mine).length === 1);
    expect(ends(all).sort()).toEqual(['one', 'two']);
    expect(jsonLines(all.stdout()).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['STOP', 'RESUME']),
    );
    expect(jsonLines(mine.stdout()).every(({ machine: name }) => name === 'two')).toBe(true);
    await interrupted(all);
    await interrupted(mine);
  });

  it('prints the events of machines that are created later, once each', async () => {
    const events = home.start(['events']);
    await until(() => events.stderr() === 'vmlet: no machines exist; waiting for new ones\n');
    const resumes = (name: string): number => events.stdout().split(` ${name} RESUME`).length - 1;
    await machine('later', 'hang');
    await until(() => resumes('later') === 1);
    await home.vmlet('kill', 'later');
    await home.vmlet('rename', 'later', 'renamed');
    await until(() => events.stderr().includes('"later" was removed or renamed\n'));
    await home.vmlet('start', 'renamed');
    await until(() => resumes('renamed') === 1);
    await machine('later', 'hang');
    await until(() => resumes('later') === 2);
    // The renamed machine's earlier run has been printed under its earlier name.
    expect(resumes('renamed')).toBe(1);
    for (const line of events.stdout().trimEnd().split('\n')) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ (later|renamed) [A-Z_]+/);
    }
    events.process.kill('SIGINT');
    expect(await events.finished).toMatchObject({ status: 130 });
  });

  it('begins with the last start even if the file of an earlier run exists, and ends with the machines', async () => {
    await machine('m', 'hang');
    await home.vmlet('kill', 'm');
    await home.vmlet('start', 'm');
    await home.vmlet('kill', 'm');
    expect(existsSync(`${home.store.get('m').files.events}.1`)).toBe(true);
    const events = home.start(['events', '--json', '--since-start', 'm']);
    await until(() => events.stdout().includes('RESUME'));
    await home.vmlet('rm', '--storage', 'm');
    const { status, stdout, stderr } = await events.finished;
    expect([status, stderr]).toEqual([0, 'vmlet: machine "m" was removed or renamed\n']);
    expect(jsonLines(stdout).filter(({ event }) => event === 'RESUME')).toHaveLength(1);
  });
});

interface Reading {
  machine: string;
  uptimeMs: number;
  cpu: { qemuMs: number; virtualProcessorsMs: number[] };
  memory: { guestBytes: number; rssBytes: number };
  disks: { device: string; readBytes: number }[];
  networks: null;
  rate: { seconds: number; cpu: { percent: number }; disks: { readBytes: number }[] } | null;
}

interface CountedReading {
  networks: NetworkStatistics[] | null;
  rate: { networks: { sentBytes: number }[] | null } | null;
}

describe('vmlet stats', () => {
  it('prints one line of JSON a reading and machine, with the usage between two readings', async () => {
    await machine('idle', 'hang');
    await machine('busy', 'spin');
    // Their firmware is as busy as the other guest.
    for (const name of ['idle', 'busy']) await home.vmlet('wait', name, '--for', 'log=up');
    const { status, stdout } = await home.vmlet('stats', '--json', '--no-stream', '--interval', '300ms');
    expect(status).toBe(0);
    const [busy, idle] = jsonLines(stdout) as unknown as Reading[];
    expect([busy?.machine, idle?.machine]).toEqual(['busy', 'idle']);
    for (const one of [busy, idle]) {
      expect(one).toMatchObject({ version: 1, memory: { guestBytes: 64 * 1024 ** 2 }, networks: null });
      expect(one?.uptimeMs).toBeGreaterThan(0);
      expect(one?.cpu.qemuMs).toBeGreaterThan(0);
      expect(one?.memory.rssBytes).toBeGreaterThan(1024 ** 2);
      const disk = one?.disks.find(({ device }) => device === 'disk0-device');
      expect(disk?.readBytes).toBeGreaterThanOrEqual(512);
      expect(one?.rate?.seconds).toBeGreaterThan(0.2);
    }
    expect(busy?.rate?.cpu.percent).toBeGreaterThan(idle?.rate?.cpu.percent ?? Infinity);

    const once = ['stats', '--no-stream', '--interval', '100ms', '--format'];
    const fields = await home.vmlet(...once, '{{.Name}} {{.Memory.GuestBytes}} {{.Rate.Cpu.Percent}}');
    expect(fields.stdout).toMatch(/^busy 67108864 [\d.]+\nidle 67108864 [\d.]+\n$/);
    expect(jsonLines((await home.vmlet(...once, 'json')).stdout)).toMatchObject([
      { machine: 'busy', version: 1 },
      { machine: 'idle', version: 1 },
    ]);
    expect(await home.vmlet(...once, '{{.Nothing}}')).toMatchObject({ status: 125, stdout: '' });
  });

  it('continues until it is interrupted, or until the named machines have ended', async () => {
    await machine('m', 'hang');
    const all = home.start(['stats', '--json', '--interval', '100ms']);
    const named = home.start(['stats', '--json', '--interval', '100ms', 'm']);
    const fields = ['--format', '{{.Name}} {{.Rate.Cpu.Percent}}', '--interval', '100ms'];
    const formatted = home.start(['stats', ...fields, 'm']);
    await until(() => jsonLines(named.stdout()).length > 2 && jsonLines(all.stdout()).length > 2);
    // The first reading has no rate.
    await until(() => /^m \nm [\d.]+\n/.test(formatted.stdout()));
    const [first, second] = jsonLines(named.stdout()) as unknown as Reading[];
    expect(first?.rate).toBeNull();
    expect(second?.rate).not.toBeNull();
    await home.vmlet('kill', 'm');
    expect((await named.finished).status).toBe(125);
    expect((await formatted.finished).stderr).not.toContain('no such field');
    // It may have ended during a reading.
    expect(named.stderr()).toMatch(/^vmlet: (machine "m" is not running|.*killed.* \(machine "m"\))/);
    await interrupted(all);
    const refused = await home.vmlet('stats', 'm');
    expect([refused.status, refused.stdout]).toEqual([125, '']);
    expect(refused.stderr).toContain('machine "m" is not running');
  });

  it('shows what a guest has received and sent, as its agent reports it, until it is paused', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    const { stdout: routes } = await home.exec('m', 'ip', 'route');
    const gateway = /default via (\S+)/.exec(routes)?.[1] ?? '';
    const stats = home.start(['stats', '--json', '--interval', '100ms', 'm']);
    const readings = (): CountedReading[] => jsonLines(stats.stdout()) as unknown as CountedReading[];
    const cards = (): NetworkStatistics[] => readings().flatMap(({ networks }) => networks ?? []);
    const before = await until(() => cards()[0]);
    expect(before).toMatchObject({ source: 'guest', interface: 'eth0' });
    // Nobody answers there, but even that is traffic.
    await home.exec('m', 'timeout', '3', 'wget', '-q', '-O', '-', `http://${gateway}:9/`);
    await until(() =>
      cards().some((card) => card.receivedBytes > before.receivedBytes && card.sentBytes > before.sentBytes),
    );
    await until(() => readings().some(({ rate }) => rate?.networks?.some(({ sentBytes }) => sentBytes > 0)));
    await interrupted(stats);
    const table = ['stats', '--no-stream', '--interval', '100ms'];
    expect((await home.vmlet(...table)).stdout).toMatch(/^m .*\/s +[\d.]+ \w+\/s +[\d.]+ \w+\/s +\d+ /m);

    await home.vmlet('pause', 'm');
    expect((await home.vmlet(...table)).stdout).toMatch(/^m .*\/s +- +- +\d+ /m);
    expect(await home.store.get('m').live().statistics({ askGuest: true })).toMatchObject({
      networks: null,
    });
    await home.vmlet('resume', 'm');
    const [card] = (await home.store.get('m').live().statistics({ askGuest: true })).networks ?? [];
    expect(card?.sentBytes).toBeGreaterThan(before.sentBytes);
    expect((await home.store.get('m').live().statistics()).networks).toBeNull();
  });

  it('refreshes a table on a terminal', async () => {
    await machine('m', 'spin');
    terminal.run(`${process.execPath} ${VMLET} stats --interval 100ms`);
    await terminal.shows(/^NAME +CPU +QEMU-MEM +GUEST-MEM +DISK-R +DISK-W +NET-R +NET-W +UPTIME$/);
    await terminal.shows(
      /^m +\d+\.\d % +[\d.]+ MiB +64 MiB +[\d.]+ \w+\/s +0 B\/s +- +- +\d+ (seconds|minutes?)$/,
    );
    expect(terminal.lines().filter((line) => /^(NAME|m) /.test(line))).toHaveLength(2);
    terminal.press('C-c');
    await terminal.shows(/left with 130$/);
  });
});

describe('vmlet console', () => {
  it('serves any number of readers and writers, and reports to each how the machine ended', async () => {
    await machine('m', 'echo');
    const attach = (input?: string): Started =>
      start(['console', 'm'], { env: home.environment, ...(input !== undefined && { input }) });
    const readers = [attach(), attach()];
    await until(() => readers.every((reader) => reader.stdout() === 'up\n'));
    const silent = start(['console', '--read-only', '--lines', '0', 'm'], {
      env: home.environment,
      input: 'no',
    });
    // It shows nothing by which to know that it is connected.
    await until(() => connectionsTo(home.store.get('m').files.serialSocket) === 3);
    const typist = attach('abc');
    await until(() => readers.every((reader) => reader.stdout() === 'up\nabc'));
    await until(() => typist.stdout() === 'up\nabc');
    await home.vmlet('kill', 'm');
    for (const one of [...readers, typist, silent]) {
      expect(await one.finished).toMatchObject({
        status: 0,
        stderr: 'vmlet: machine "m" has ended: QEMU was killed by SIGKILL\n',
      });
    }
    expect(readFileSync(home.store.get('m').files.serialLog, 'latin1')).toBe('up\nabc');
    const refused = await home.vmlet('console', 'm');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toContain('machine "m" is not running');
  });

  it('shows each byte once when a guest prints endlessly', async () => {
    await machine('m', 'counting');
    const { serialLog } = home.store.get('m').files;
    await until(() => readFileSync(serialLog).length > 10_000);
    for (const lines of ['0', '1', '50', '50', '50', '50']) {
      const reader = home.start(['console', '--lines', lines, 'm']);
      await until(() => reader.stdout().length > 20_000);
      await interrupted(reader);
      const shown = reader.stdout();
      const printed = ROUNDS.repeat(Math.ceil(shown.length / ROUNDS.length) + 1);
      expect(printed.includes(shown)).toBe(true);
    }
  });

  it('is a raw terminal until Ctrl-], after the last lines of the log as text', async () => {
    await machine('m', 'echo');
    terminal.run(`${process.execPath} ${VMLET} console m`);
    await terminal.shows(/^vmlet: connecting to the serial console of m; press Ctrl-\] to detach$/);
    await terminal.shows(/^up$/);
    terminal.press('hello');
    await terminal.shows(/^hello$/);
    // The terminal’s own keys go to the guest.
    terminal.press('C-c', 'C-z');
    await until(
      () => readFileSync(home.store.get('m').files.serialLog, 'latin1') === 'up\nhello\u0003\u001a',
    );
    terminal.press('C-]');
    await terminal.shows(/^left with 0$/);
    await terminal.shows(/(^| )icanon\b/);

    terminal.run(`${process.execPath} ${VMLET} console --read-only m`);
    await terminal.shows(/^hello$/);
    terminal.press('typed', 'C-c');
    await terminal.shows(/^left with 0$/);
    const { serialLog, serialSocket, consoleSocket } = home.store.get('m').files;
    expect(readFileSync(serialLog, 'latin1')).toBe('up\nhello\u0003\u001a');
    // Keepers of earlier releases have no such socket.
    rmSync(serialSocket);
    const { status, stderr } = await home.vmlet('console', 'm');
    expect([status, stderr]).toEqual([125, expect.stringContaining('was started by an earlier release')]);
    expect(stderr).toContain(`vmlet console ${consoleSocket}`);
  });
});

describe('vmlet view', () => {
  it('opens the installed viewer on the socket of the screen, and exits with its status', async () => {
    await machine('m', 'hang');
    const { vncSocket } = home.store.get('m').files;
    const programs = join(home.path, 'viewers');
    mkdirSync(programs);
    const path = `${programs}:${process.env['PATH'] ?? ''}`;
    writeFileSync(join(programs, 'xtigervncviewer'), '#!/bin/sh\necho "shows $1"\nexit 3\n');
    chmodSync(join(programs, 'xtigervncviewer'), 0o755);
    const view = (...args: string[]): Started =>
      start(['view', ...args], { env: { ...home.environment, PATH: path } });
    expect(await view('m').finished).toMatchObject({ status: 3, stdout: `shows ${vncSocket}\n`, stderr: '' });
    expect((await view('--print', 'm').finished).stdout).toBe(
      `${join(programs, 'xtigervncviewer')} ${vncSocket}\n`,
    );
    const bare = { ...home.environment, PATH: home.path, DISPLAY: undefined, WAYLAND_DISPLAY: undefined };
    const without = await start(['view', 'm'], { env: bare }).finished;
    expect([without.status, without.stdout]).toEqual([125, '']);
    expect(without.stderr).toContain(vncSocket);
    expect(without.stderr).toContain('install TigerVNC');
  });

  it('is opened by create with an installer on a terminal of a desktop, unless --no-view is given', async () => {
    const viewers = join(home.path, 'installer-viewers');
    mkdirSync(viewers);
    writeFileSync(join(viewers, 'xtigervncviewer'), '#!/bin/sh\necho "shows $1"\nexit 3\n');
    chmodSync(join(viewers, 'xtigervncviewer'), 0o755);
    const iso = join(home.path, 'installer.iso');
    writeFileSync(iso, Buffer.alloc(64 * 1024));
    const environment = {
      ...home.environment,
      PATH: `${viewers}:${process.env['PATH'] ?? ''}`,
      DISPLAY: ':0',
    };
    using terminal = new Terminal({ path: home.path, environment });
    const create = (...flags: string[]): void => {
      const words = ['--iso', iso, '--disk', '1G', '-m', '64M', '--start', ...flags];
      terminal.run([process.execPath, VMLET, 'create', ...words].join(' '));
    };
    create('shown');
    await terminal.shows(/^left with 0$/);
    const { vncSocket } = home.store.get('shown').files;
    expect(terminal.lines()).toContain(`shows ${vncSocket}`);
    expect(terminal.lines()).toContain('shown');
    create('hidden', '--no-view');
    await terminal.shows(/^left with 0$/);
    expect(terminal.lines().join('\n')).not.toMatch(/shows|opening/);
  });

  it('opens the page of the screen in the browser of a desktop without a viewer', async () => {
    await machine('m', 'hang');
    const programs = join(home.path, 'browsers');
    mkdirSync(programs);
    const opened = join(home.path, 'opened');
    writeFileSync(
      join(programs, 'xdg-open'),
      `#!/bin/sh\n/bin/cat "$1" >${opened}.new\n/bin/mv ${opened}.new ${opened}\n`,
    );
    chmodSync(join(programs, 'xdg-open'), 0o755);
    const env = { ...home.environment, PATH: programs, DISPLAY: ':0' };
    const print = await start(['view', '--print', 'm'], { env }).finished;
    expect(print).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('install TigerVNC') as string,
    });
    const started = start(['view', 'm'], { env });
    await until(() => existsSync(opened));
    expect(readFileSync(opened, 'utf8')).toMatch(/\/#token=[\w-]{32}\/machines\/m\/screen"/);
    await until(() => started.stderr().includes('no VNC viewer is installed'));
    started.process.kill('SIGINT');
    expect(await started.finished).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('vmlet screenshot', () => {
  it('saves a picture of the screen, and overwrites nothing', async () => {
    await machine('m', 'hang');
    const file = join(home.path, 'picture.png');
    expect(await home.vmlet('screenshot', 'm', file)).toMatchObject({ status: 0, stdout: `${file}\n` });
    const picture = decodePng(readFileSync(file));
    expect([picture.width, picture.height]).toEqual([720, 400]);
    expect(coloursOf(picture).size).toBeGreaterThan(1);
    writeFileSync(file, 'mine');
    const refused = await home.vmlet('screenshot', 'm', file);
    expect(refused.status).toBe(125);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await home.vmlet('screenshot', '--force', 'm', file);
    expect(decodePng(readFileSync(file)).width).toBe(picture.width);
  });

  it('explains how a machine without a screen gets one', async () => {
    await machine('m', 'hang', '--display', 'none');
    for (const verb of ['screenshot', 'view']) {
      const { status, stderr } = await home.vmlet(verb, 'm');
      expect(status).toBe(125);
      expect(stderr).toContain('machine "m" has no screen');
      expect(stderr).toContain('vmlet set m --display vnc');
    }
  });
});

describe('vmlet sendkey', () => {
  it('types text and combinations', async () => {
    await machine('m', 'keys');
    expect(
      await home.vmlet('sendkey', 'm', '--text', 'Log in: 42!', '--hold', '5ms', 'enter', 'shift-a', 'b'),
    ).toMatchObject({ status: 0, stderr: '' });
    await until(() => readFileSync(home.store.get('m').files.serialLog, 'latin1') === '>Log in: 42!\rAb');
    expect((await home.vmlet('sendkey', 'm', 'ctrl-entre')).stderr).toContain('enter');
    await home.vmlet('pause', 'm');
    expect((await home.vmlet('sendkey', 'm', 'a')).stderr).toContain('vmlet resume');
  });

  it('reports that the machine has ended', async () => {
    await machine('m', 'hang');
    const typing = home.start(['sendkey', 'm', 'a']);
    // This guest does not read the key.
    const live = home.store.get('m').live();
    await until(async () => live.qmp(holdsKey, { long: true }));
    await home.vmlet('kill', 'm');
    expect((await typing.finished).status).toBe(125);
    expect(typing.stderr()).toBe('vmlet: the machine has ended: QEMU was killed by SIGKILL (machine "m")\n');
  });
});

/** The clients of a keeper's socket, from the kernel's table. There it has its first name, with another last letter. */
function connectionsTo(path: string): number {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines.filter((line) => line.endsWith(` ${path.slice(0, -1)}~`) && / 03 +\d+ /.test(line)).length;
}

/** The lowest bit of the keyboard controller's status. */
async function holdsKey(monitor: QmpClient): Promise<boolean> {
  const status = await monitor.execute('human-monitor-command', { 'command-line': 'i /1b 0x64' });
  return /= 0x[0-9a-f]*[13579bdf]\s/.test(status);
}
