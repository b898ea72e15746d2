import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { freePort } from '../../../src/host/programs/passt-handshake.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { lockMachine } from '../../../src/machines/lock/machine-lock.ts';
import type { NamedMachine } from '../../../src/machines/index.ts';
import { Scope } from '../../../src/util/scope.ts';
import { openNotifySocket } from '../../../fixtures/keeper/notify-socket.ts';
import { until } from '../../until.ts';
import { start } from '../command.ts';
import { type Home, type HomeProcess, makeHome } from './home.ts';
import { type Role, keptDisks, leftovers, liesOf, roleOf } from './truth.ts';

let home: Home;
let image: string;
beforeAll(async () => {
  home = await makeHome();
  image = `${join(home.path, 'hang.img')},format=raw`;
  writeFileSync(join(home.path, 'hang.img'), bootSectors.hang);
});
afterEach(async () => {
  await home.removeAll();
  for (const path of keptDisks(home)) rmSync(path);
});
afterAll(async () => home.close());

async function create(name: string): Promise<NamedMachine> {
  return home.store.create({ name, image, memory: '64M' });
}

async function createRunning(name: string): Promise<NamedMachine> {
  await create(name);
  expect(await home.vmlet('start', name)).toMatchObject({ status: 0 });
  return home.store.get(name);
}

function find(role: Role): HomeProcess {
  const found = home.processes().find((one) => roleOf(one) === role);
  if (!found) throw new Error(`there is no ${role}`);
  return found;
}

function listedState(name: string): string | undefined {
  const status = home.store.get(name).status();
  return status.kind === 'running' && status.state !== 'starting' ? status.state : undefined;
}

async function connect(path: string): Promise<Socket | undefined> {
  const socket = new Socket();
  try {
    socket.connect(path);
    await once(socket, 'connect');
    return socket;
  } catch {
    // QEMU is not there yet.
    socket.destroy();
    return undefined;
  }
}

async function listed(): Promise<Record<string, string>> {
  const { status, stdout } = await home.vmlet('ls', '--json');
  expect(status).toBe(0);
  const { machines } = JSON.parse(stdout) as { machines: { name: string; state: string }[] };
  return Object.fromEntries(machines.map(({ name, state }) => [name, state]));
}

describe('a killed keeper', () => {
  it('ends QEMU and passt, and the next start cleans up after it', async () => {
    const { files } = await createRunning('m');
    const { pid } = find('keeper');
    process.kill(pid, 'SIGKILL');
    expect(await liesOf(home)).toEqual([]);
    expect((await home.vmlet('ls')).stdout).toMatch(/^m +stopped .*\(vmlet-keeper\) was killed/m);
    expect(existsSync(files.run)).toBe(true);
    const unfinished = join(files.keeper, `passt.argv.1.${pid}.new`);
    writeFileSync(unfinished, '');
    writeFileSync(join(files.sockets, 'passt.argv.1.123.new'), '');
    writeFileSync(join(files.directory, 'plan.json.1.123.new'), '');
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    expect(await liesOf(home)).toEqual([]);
    expect(leftovers(home)).toEqual([]);
    expect(readdirSync(files.sockets).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(existsSync(unfinished)).toBe(false);
  });

  it('does not change a saved machine, which stays saved', async () => {
    const { files } = await createRunning('m');
    process.kill(find('keeper').pid, 'SIGKILL');
    expect(await liesOf(home)).toEqual([]);
    writeFileSync(files.savedState, '');
    expect(await listed()).toEqual({ m: 'saved' });
    rmSync(files.savedState);
  });
});

it('the library knows the forwards that it has added to a machine that does not run', async () => {
  const machine = await create('m');
  await machine.addPorts(['8080:80', `${join(home.path, 'web.sock')}:80`]);
  expect(machine.ports()[0]).toMatchObject({ hostPort: 8080, guestPort: 80 });
  expect(machine.sockets()).toMatchObject([{ path: join(home.path, 'web.sock') }]);
});

it('vmlet resume wakes up a guest that has suspended itself', async () => {
  const suspending = join(home.path, 'suspend.img');
  writeFileSync(suspending, bootSectors.suspend);
  const options = { name: 'm', image: `${suspending},format=raw`, memory: '64M' };
  const { files } = await home.store.create(options);
  expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
  await until(() => listedState('m') === 'suspended');
  const output = (): string => readFileSync(files.serialLog, 'utf8');
  expect(output()).toBe('up\n');
  expect(await home.vmlet('resume', 'm')).toMatchObject({ status: 0, stderr: '' });
  // By its BIOS.
  await until(() => output() === 'up\nup\n');
});

it('a machine is not saved with other hardware than it would resume with', async () => {
  await createRunning('m');
  const { spec } = home.store.get('m');
  for (const [flag, value, before, what] of [
    ['--cpus', '3', String(spec.cpus), 'number of processors'],
    ['--memory', '96M', String(spec.memoryBytes), 'memory size'],
  ] as const) {
    expect(await home.vmlet('set', 'm', flag, value)).toMatchObject({ status: 0 });
    const { status, stderr } = await home.vmlet('save', 'm');
    expect([status, stderr]).toEqual([
      125,
      expect.stringContaining(`machine "m" cannot be saved: its ${what} has changed since the start\n`),
    ]);
    expect(await home.vmlet('set', 'm', flag, before)).toMatchObject({ status: 0 });
  }
  for (const [change, undo, what] of [
    ['disk set m disk0 --readonly', 'disk set m disk0 --no-readonly', 'disk disk0'],
    ['cd add m', 'cd rm m cdrom1', 'CD drive cdrom1'],
  ] as const) {
    expect(await home.vmlet(...change.split(' '))).toMatchObject({ status: 0 });
    expect((await home.vmlet('save', 'm')).stderr).toContain(`its ${what} has changed since the start\n`);
    expect(await home.vmlet(...undo.split(' '))).toMatchObject({ status: 0 });
  }
  // The library answers from the definition as it is, not as it was at the look-up.
  const machine = home.store.get('m');
  const live = machine.live();
  await machine.set({ memory: '96M' });
  expect(machine.pendingChanges()).toEqual(['memory']);
  await expect(live.save()).rejects.toThrow('its memory size has changed since the start');
  await machine.set({ memory: '64M' });
  expect(machine.pendingChanges()).toEqual([]);
  expect(await home.vmlet('set', 'm', '--label', 'a=b')).toMatchObject({ status: 0 });
  expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
  expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
});

describe('a start that is killed before QEMU has loaded the saved memory', () => {
  it('can be repeated and resumes the guest, which never runs without its memory', async () => {
    const { files } = await createRunning('m');
    expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
    // QEMU waits for its launcher on this monitor, and the test connects before the launcher does.
    const start = home.start(['start', 'm']);
    const monitor = await until(async () => connect(files.shellSocket));
    // Before it reports that, its first state, prelaunch, may be visible.
    await until(() => listedState('m') === 'inmigrate');
    start.process.kill('SIGKILL');
    await start.finished;
    monitor.destroy();
    expect(await liesOf(home)).toEqual([]);
    const resumed = await home.vmlet('resume', 'm');
    expect(resumed.stderr).toMatch(/^vmlet: machine "m" has not loaded its saved memory yet$/m);
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    expect(await listed()).toEqual({ m: 'running' });
    expect(existsSync(files.savedState)).toBe(false);
    expect(await liesOf(home)).toEqual([]);

    // The state if the start is killed a moment later: QEMU has the memory, but was not resumed.
    expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
    const note = readFileSync(files.savedStateNote);
    expect(await home.vmlet('start', '--paused', 'm')).toMatchObject({ status: 0 });
    expect((await home.vmlet('start', 'm')).stderr).toMatch(
      /machine "m" is already running.*\n.*vmlet resume m/,
    );
    writeFileSync(files.savedStateNote, note);
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    expect(await listed()).toEqual({ m: 'running' });
    expect(existsSync(files.savedStateNote)).toBe(false);
  });
});

it('systemd is told that a machine is ready that was paused when it was saved', async () => {
  await createRunning('m');
  expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
  expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
  const address = join(home.path, 'notify');
  await using scope = new Scope();
  const notifications = await openNotifySocket(address, scope);
  const env = { ...home.environment, NOTIFY_SOCKET: address };
  expect(await start(['start', 'm'], { env }).finished).toMatchObject({ status: 0 });
  await until(() => notifications().includes('READY=1'));
  expect(await listed()).toEqual({ m: 'paused' });
  expect(await home.vmlet('resume', 'm')).toMatchObject({ status: 0 });
  expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
  await until(() => notifications().includes('STOPPING=1'));
  // Only once.
  expect(notifications().filter((line) => line === 'READY=1')).toHaveLength(1);
});

describe('a start of a saved machine that fails', () => {
  it('leaves it running once QEMU has loaded the memory', async () => {
    await createRunning('m');
    expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
    const write = (line: string): void => {
      if (line.includes('the machine runs')) throw new Error('the log is full');
    };
    const log = pino({ level: 'debug' }, { write });
    await expect(home.store.get('m').start({ log })).rejects.toThrow('the log is full');
    expect(await listed()).toEqual({ m: 'running' });
    expect(await liesOf(home)).toEqual([]);
    expect((await home.vmlet('restore', 'm')).stderr).toContain('is running, and has no saved memory');
  });

  it.each(['passt', 'slirp'] as const)('keeps its memory if %s cannot publish a port', async (net) => {
    const port = await freePort();
    await home.store.create({ name: 'm', image, memory: '64M', net, ports: [`${port}:80`] });
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    expect(await home.vmlet('save', 'm')).toMatchObject({ status: 0 });
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    const { status, stderr } = await home.vmlet('start', 'm');
    expect({ status, stderr }).toEqual({
      status: 125,
      stderr: expect.stringContaining(String(port)) as string,
    });
    expect(await listed()).toEqual({ m: 'saved' });
    taken.close();
    await once(taken, 'close');
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    expect(await listed()).toEqual({ m: 'running' });
  });
});

it('a machine that was started paused is said to be paused', async () => {
  await create('m');
  expect(await home.vmlet('start', '--paused', 'm')).toMatchObject({ status: 0 });
  await until(() => listedState('m') === 'paused');
  const resume = 'vmlet resume m';
  for (const [words, said] of [
    [['start', 'm'], /^vmlet: machine "m" is already running/],
    [['exec', 'm', 'true'], /^vmlet: machine "m" is paused\n/],
    [['restore', 'm'], /^vmlet: machine "m" is paused, and has no saved memory\n/],
  ] as const) {
    const { status, stderr } = await home.vmlet(...words);
    expect(status).toBe(125);
    expect(stderr).toMatch(said);
    expect(stderr).toContain(resume);
  }
  expect((await home.vmlet('clone', 'm', 'copy')).stderr).toContain('is paused and cannot be cloned');
  await home.store.get('m').live().kill();
  await home.vmlet('clone', 'm', 'copy');
  expect((await home.vmlet('start', '--paused', 'copy')).stderr).toContain(
    'clone "copy" has the machine id, ssh host keys and host name of the original machine',
  );
});

it('a machine is not resumed while another command saves its memory', async () => {
  const { files } = await createRunning('m');
  expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
  const scope = new Scope();
  await lockMachine('m', files, 'saving it', scope);
  writeFileSync(files.savedStateNote, '');
  const refused = await home.vmlet('resume', 'm');
  expect(refused.stderr).toMatch(/^vmlet: machine "m" is busy: process \d+ is saving it\n/);
  expect(listedState('m')).toBe('paused');
  expect(existsSync(files.savedStateNote)).toBe(true);
  // As if that command had been killed.
  await scope.close();
  expect(await home.vmlet('resume', 'm')).toMatchObject({ status: 0 });
  await until(() => listedState('m') === 'running');
  expect(existsSync(files.savedStateNote)).toBe(false);
});

describe('the script of a dry run', () => {
  it('leaves the same records as a start, so that other commands recognize the machine', async () => {
    const { files } = await createRunning('m');
    // Without records that the keeper is just replacing.
    const written = (): string[] =>
      [files.directory, files.logs, files.sockets, files.ssh].flatMap((directory) =>
        readdirSync(directory)
          .filter((name) => !name.endsWith('.new'))
          .map((name) => join(directory, name)),
      );
    const byStart = written();
    await home.vmlet('kill', 'm');
    rmSync(files.plan);
    rmSync(files.logs, { recursive: true });
    rmSync(join(files.ssh, 'config'));
    rmSync(files.end);
    const { stdout: script } = await home.vmlet('start', '--dry-run', 'm');
    const shell = spawn('sh', ['-c', script], { stdio: 'ignore' });
    const ended = once(shell, 'exit');
    await until(() => listedState('m') === 'running');
    // The machine is shown as running as soon as the keeper has written its first record.
    await vi.waitFor(() => expect(written()).toEqual(byStart), { timeout: 60_000 });
    expect((await home.vmlet('ls')).stdout).toMatch(/^m +running .*127\.0\.0\.1:\d+->22 *$/m);
    expect(await liesOf(home)).toEqual([]);
    expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
    await ended;
  });
});

describe('a runtime directory that is deleted while the machine runs', () => {
  it.each([false, true])(
    'does not hide the machine, which is shown as running and can be stopped (paused: %s)',
    async (paused) => {
      const { files } = await createRunning('m');
      if (paused) expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
      rmSync(dirname(files.sockets), { recursive: true });
      expect(await listed()).toEqual({ m: paused ? 'paused' : 'running' });
      expect(await liesOf(home)).toEqual([]);
      expect((await home.vmlet('start', 'm')).stderr).toMatch(/machine "m" is already running/);
      expect(await home.vmlet('stop', 'm', '--timeout', '300ms')).toMatchObject({ status: 0 });
      expect(await listed()).toEqual({ m: 'stopped' });
      expect(home.processes()).toEqual([]);
      expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    },
  );
});

describe('a machine with unreadable files', () => {
  it.each(['spec.json', 'run.json', 'end.json'])(
    'is listed as broken with a truncated %s, beside others',
    async (file) => {
      await create('sound');
      const { files } = await create('m');
      const path = join(files.directory, file);
      if (existsSync(path)) truncateSync(path, 20);
      else writeFileSync(path, '{"version":');
      expect(await listed()).toEqual({ m: 'broken', sound: 'created' });
      const { stdout } = await home.vmlet('ls');
      expect(stdout).toMatch(new RegExp(`^m +broken .*${file}`, 'm'));
      for (const command of [
        ['start', 'm'],
        ['stop', 'm'],
        ['rm', 'm'],
      ]) {
        const { status, stderr } = await home.vmlet(...command);
        expect(status, stderr).toBe(125);
        expect(stderr).toMatch(/^vmlet: machine "m" is broken: /);
        expect(stderr).not.toContain('defect');
      }
      expect(await home.vmlet('rm', '--storage', 'm')).toMatchObject({ status: 0 });
      expect(await listed()).toEqual({ sound: 'created' });
    },
  );

  it('keeps its volumes, which are not known, when it is removed', async () => {
    const created = await home.vmlet('create', 'm', '--image', 'micro', '--net', 'none', '-v', 'data:/data');
    expect(created.status).toBe(0);
    truncateSync(home.store.get('m').files.spec, 20);
    expect(await home.vmlet('rm', '--storage', '--volumes', 'm')).toMatchObject({
      status: 0,
      stderr: 'vmlet: the volumes of m are not known, and were kept: vmlet volume ls\n',
    });
    expect(await home.vmlet('volume', 'rm', 'data')).toMatchObject({ status: 0 });
  });

  it('is listed as broken when its spec is a directory', async () => {
    await create('sound');
    const { files } = await create('m');
    rmSync(files.spec);
    mkdirSync(files.spec);
    expect(await listed()).toEqual({ m: 'broken', sound: 'created' });
  });

  it('is not removed while its QEMU runs', async () => {
    const { files } = await createRunning('m');
    const spec = readFileSync(files.spec, 'utf8');
    truncateSync(files.spec, 20);
    const refused = await home.vmlet('rm', '--storage', 'm');
    expect(refused.status).toBe(125);
    expect(refused.stderr).toMatch(/^vmlet: machine "m" is still running, and its files cannot be read$/m);
    writeFileSync(files.spec, spec);
    expect(await liesOf(home)).toEqual([]);
    truncateSync(files.spec, 20);
    expect(await home.vmlet('rm', '--storage', '--force', 'm')).toMatchObject({ status: 0 });
    expect(await listed()).toEqual({});
    await until(() => home.processes().length === 0);
  });
});

it('rm --force removes a machine whose start waits for a guest that hangs', async () => {
  const machine = await home.store.create({ name: 'hangs', image: 'micro', net: 'none' });
  const start = home.start(['start', 'hangs']);
  await until(() => listedState('hangs') === 'running');
  await machine.live().pause();
  const refused = await home.vmlet('rm', '--storage', 'hangs');
  expect(refused.stderr).toMatch(/^vmlet: .*starting it/m);
  expect(await home.vmlet('rm', '--force', '--storage', 'hangs')).toMatchObject({ status: 0, stderr: '' });
  const { status, stderr } = await start.finished;
  expect(status).toBe(125);
  expect(stderr).toMatch(/^vmlet: \S/);
  expect(await liesOf(home)).toEqual([]);
});

describe('a snapshot that was killed when only one disk had it', () => {
  it('is completed by the same command; a snapshot that one disk lacks for other reasons is not changed', async () => {
    const { files } = await home.store.create({ name: 'm', image, memory: '64M', disks: ['16M'] });
    const [first = '', second = ''] = ['disk0.qcow2', 'disk1.qcow2'].map((name) => join(files.storage, name));
    execFileSync('qemu-img', ['snapshot', '-c', 's1', first]);
    const refused = await home.vmlet('snapshot', 'create', 'm', 's1');
    expect(refused.stderr).toMatch(/snapshot "s1" already exists/);
    writeFileSync(
      files.snapshotting,
      JSON.stringify({
        version: 1,
        snapshot: 's1',
        disks: [first, second, join(files.storage, 'gone.qcow2')],
      }),
    );
    expect(await home.vmlet('snapshot', 'create', 'm', 's1')).toMatchObject({ status: 0 });
    expect(await home.store.get('m').snapshots()).toMatchObject([{ name: 's1', missingOn: [] }]);
    expect(existsSync(files.snapshotting)).toBe(false);
  });
});

describe('removing a machine', () => {
  it('gives a kept disk one name, also when it is repeated after a kill', async () => {
    const { files, spec } = await create('m');
    const { disks } = locate(home.environment, '/', 0);
    mkdirSync(disks, { recursive: true });
    const kept = join(disks, 'm-disk0.qcow2');
    linkSync(join(files.storage, spec.disks[0]?.file ?? ''), kept);
    const { status, stderr } = await home.vmlet('rm', 'm');
    expect(status).toBe(0);
    expect(stderr).toBe(`vmlet: kept the disk ${kept}\n`);
    expect(keptDisks(home)).toEqual([kept]);
    await create('m');
    expect((await home.vmlet('rm', 'm')).stderr).toBe(
      `vmlet: kept the disk ${join(disks, 'm-disk0-2.qcow2')}\n`,
    );
  });

  it('with its storage removes the name that a killed removal gave', async () => {
    const { files, spec } = await create('m');
    const { disks } = locate(home.environment, '/', 0);
    mkdirSync(disks, { recursive: true });
    linkSync(join(files.storage, spec.disks[0]?.file ?? ''), join(disks, 'm-disk0.qcow2'));
    writeFileSync(join(disks, 'm-disk0-2.qcow2'), 'of another machine m');
    expect(await home.vmlet('rm', '--storage', 'm')).toMatchObject({ status: 0 });
    expect(keptDisks(home)).toEqual([join(disks, 'm-disk0-2.qcow2')]);
  });

  it('keeps the base of a kept disk, and nothing once the last clone is removed with its storage', async () => {
    await create('m');
    expect(await home.vmlet('clone', '--linked', 'm', 'copy')).toMatchObject({ status: 0 });
    const { status, stderr } = await home.vmlet('rm', 'copy');
    expect(status).toBe(0);
    const told = [...stderr.matchAll(/kept the disk (.*)/g)].map((match) => match[1] ?? '');
    expect(told).toHaveLength(2);
    expect(await home.vmlet('rm', '--storage', 'm')).toMatchObject({ status: 0 });
    for (const path of told) execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
    // The base goes with the last disk that needs it.
    expect((await home.vmlet('system', 'prune', '--disks')).stdout.trim().split('\n')).toHaveLength(2);
    expect(keptDisks(home)).toEqual([]);

    await create('m');
    expect(await home.vmlet('clone', '--linked', 'm', 'copy')).toMatchObject({ status: 0 });
    expect(await home.vmlet('rm', '--storage', 'm')).toMatchObject({ status: 0 });
    expect(keptDisks(home)).toHaveLength(1);
    expect(await home.vmlet('rm', '--storage', 'copy')).toMatchObject({ status: 0 });
    expect(keptDisks(home)).toEqual([]);
  });

  it('removes logs of machines that are gone, but not those of other stores', async () => {
    const { files } = await createRunning('m');
    expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
    rmSync(files.directory, { recursive: true });
    const { logs, runtime } = locate(home.environment, '/', 0);
    const others = join(logs, '0123abcd');
    mkdirSync(others);
    writeFileSync(join(others, 'store'), '/another/store');
    mkdirSync(join(runtime, '01234567'));
    const kept = await createRunning('kept');
    await create('gone');
    expect(existsSync(files.logs)).toBe(true);
    expect(await home.vmlet('rm', 'gone')).toMatchObject({ status: 0 });
    expect(readdirSync(logs).sort()).toEqual(['0123abcd', kept.spec.id].sort());
    expect(readdirSync(runtime).sort()).toEqual(['01234567', kept.spec.id].sort());
    rmSync(others, { recursive: true });
    rmSync(join(runtime, '01234567'), { recursive: true });
  });
});
