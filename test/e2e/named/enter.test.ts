import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MachineEndedError, TimedOutError } from '../../../src/errors/index.ts';
import { writeSshRecord } from '../../../src/machines/record/ssh-record.ts';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { VMLET } from '../command.ts';
import { awaitedLater, until } from '../../until.ts';
import { type Home, makeHome } from './home.ts';

let home: Home;
beforeAll(async () => {
  home = await makeHome();
  const created = await home.vmlet('create', 'm', '--image', 'micro', '-p', '80', '-p', '81', '--start');
  expect(created).toMatchObject({ status: 0 });
});
afterAll(async () => home.close());

describe('vmlet exec', () => {
  test('passes on streams, status, directory, user and variables', async () => {
    const script = 'cat; echo "$A" >&2; pwd; id -u; exit 7';
    const { finished } = home.start([
      'exec',
      '-e',
      'A=b c',
      '-w',
      '/tmp',
      '-u',
      '1:1',
      'm',
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect(await finished).toMatchObject({ status: 7, stdout: '/tmp\n1\n', stderr: 'b c\n' });
  });

  test('passes the words of the command unchanged, including flags', async () => {
    expect(await home.vmlet('exec', 'm', 'echo', '-t', '--', 'x  y')).toMatchObject({
      stdout: '-t -- x  y\n',
    });
    expect(await home.vmlet('exec', 'm', '--', 'echo', '--', '-u')).toMatchObject({ stdout: '-- -u\n' });
  });

  test('reports that the machine is not running', async () => {
    await home.vmlet('create', 'off', '--image', 'micro');
    const result = await home.vmlet('exec', 'off', 'true');
    expect(result).toMatchObject({ status: 125 });
    expect(result.stderr).toContain('machine "off" is not running');
  });
});

test('kills a command that ignores the first signal and prints endlessly, and waits for a quiet one', async () => {
  const script = (work: string): string => `trap "" TERM; echo ready; while :; do ${work}; sleep 0.1; done`;
  const flood = home.start(['exec', 'm', 'sh', '-c', script('head -c 200000 /dev/zero')]);
  await until(() => flood.stdout().includes('ready'));
  flood.process.kill('SIGTERM');
  const { status, stderr, stdout } = await flood.finished;
  expect({ status, stderr }).toEqual({
    status: 143,
    stderr: 'vmlet: the command ignored SIGTERM and continues to print; killing the command\n',
  });

  const quiet = home.start(['exec', 'm', 'sh', '-c', script(':')]);
  await until(() => quiet.stdout().includes('ready'));
  quiet.process.kill('SIGTERM');
  // Longer than the endless command was allowed to print.
  await home.vmlet('exec', '--timeout', '7s', 'm', 'true');
  expect(quiet.process.exitCode).toBeNull();
  expect(stdout.length).toBeGreaterThan(1024 * 1024);
  quiet.process.kill('SIGTERM');
  expect((await quiet.finished).status).toBe(143);
});

describe('vmlet cp', () => {
  test('copies a file in and out, with its permission bits, and into directories', async () => {
    const file = join(home.path, 'file');
    const content = Buffer.alloc(300_000, 'content\n');
    writeFileSync(file, content);
    chmodSync(file, 0o640);
    expect(await home.vmlet('cp', file, 'm:/tmp')).toMatchObject({ status: 0 });
    expect(await home.vmlet('exec', 'm', 'stat', '-c', '%a %s', '/tmp/file')).toMatchObject({
      stdout: `640 ${content.length}\n`,
    });
    const back = join(home.path, 'back');
    expect(await home.vmlet('cp', 'm:/tmp/file', back)).toMatchObject({ status: 0 });
    expect(readFileSync(back).equals(content)).toBe(true);
    expect(statSync(back).mode & 0o777).toBe(0o640);
  });

  test('copies a directory in and out, with links, modes and times', async () => {
    const tree = join(home.path, 'tree');
    const deep = join(tree, 'a'.repeat(200), 'b'.repeat(200));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'ü\nfile'), 'content', { mode: 0o750 });
    symlinkSync('/etc/hostname', join(tree, 'absolute'));
    symlinkSync('../nowhere', join(tree, 'dangling'));
    mkdirSync(join(tree, 'sealed'));
    writeFileSync(join(tree, 'sealed/inside'), Buffer.alloc(3_000_000));
    chmodSync(join(tree, 'sealed'), 0o500);
    utimesSync(join(tree, 'sealed/inside'), 1e9, 1e9);
    const back = join(home.path, 'back-tree');
    expect(await home.vmlet('cp', '-r', tree, 'm:/tmp/new')).toMatchObject({ status: 0, stderr: '' });
    expect(await home.vmlet('cp', tree, 'm:/tmp/new')).toMatchObject({ status: 0, stderr: '' });
    expect(await home.vmlet('exec', 'm', 'stat', '-c', '%u:%g %a', '/tmp/new/tree/sealed')).toMatchObject({
      stdout: '0:0 500\n',
    });
    expect(await home.vmlet('cp', 'm:/tmp/new/tree', back)).toMatchObject({ status: 0, stderr: '' });
    expect(spawnSync('diff', ['-r', '--no-dereference', tree, back], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(lstatSync(join(back, 'sealed/inside'))).toMatchObject({ mtimeMs: 1e12 });
    expect(lstatSync(join(back, 'sealed')).mode & 0o777).toBe(0o500);
    expect(readlinkSync(join(back, 'absolute'))).toBe('/etc/hostname');
    expect(readdirSync(home.path).filter((name) => name.startsWith('.vmlet-'))).toEqual([]);
    // So that an ordinary user can remove it.
    for (const path of [tree, back]) chmodSync(join(path, 'sealed'), 0o700);
  });

  test('merges into a directory, and copies only the contents with /.', async () => {
    const target = join(home.path, 'target');
    mkdirSync(join(target, 'etc'), { recursive: true });
    writeFileSync(join(target, 'etc/own'), 'stays');
    writeFileSync(join(target, 'etc/hostname'), 'replaced');
    expect(await home.vmlet('cp', 'm:/etc', target)).toMatchObject({ status: 0 });
    expect(readFileSync(join(target, 'etc/own'), 'utf8')).toBe('stays');
    expect(readFileSync(join(target, 'etc/hostname'), 'utf8')).not.toBe('replaced');
    expect(await home.vmlet('cp', 'm:/etc/.', target)).toMatchObject({ status: 0 });
    expect(readdirSync(target)).toContain('hostname');
    await home.vmlet('exec', 'm', 'sh', '-c', 'mkdir /tmp/p; mkfifo /tmp/p/pipe; mknod /tmp/p/null c 1 3');
    expect(await home.vmlet('cp', 'm:/tmp/p', target)).toMatchObject({
      status: 0,
      stderr: 'vmlet: left out 2 special files (devices, FIFOs)\n',
    });
    expect(readdirSync(join(target, 'p'))).toEqual([]);
  });

  test('copies a whole guest, without the file systems of its kernel', async () => {
    for (const path of ['m:/', 'm:/etc/..']) {
      const whole = join(home.path, 'whole');
      mkdirSync(whole);
      await home.vmlet(
        'exec',
        'm',
        'sh',
        '-c',
        'mkdir -p "/tmp/a b[c]/proc"; echo kept >/tmp/a\\ b\\[c\\]/proc/own',
      );
      await home.vmlet('exec', 'm', 'sh', '-c', 'mkdir -p "/tmp/x y"; mount -t proc none "/tmp/x y"');
      expect(await home.vmlet('cp', path, whole), path).toMatchObject({ status: 0 });
      expect(readFileSync(join(whole, 'etc/hostname'), 'utf8')).toBe('m\n');
      expect(readFileSync(join(whole, 'tmp/a b[c]/proc/own'), 'utf8')).toBe('kept\n');
      for (const name of ['proc', 'sys', 'dev', 'tmp/x y']) {
        expect(readdirSync(join(whole, name)), name).toEqual([]);
      }
      await home.vmlet('exec', 'm', 'umount', '/tmp/x y');
      // An ordinary user cannot remove files from a directory without write permission.
      spawnSync('chmod', ['-R', 'u+rwX', whole]);
      rmSync(whole, { recursive: true });
    }
    const packed = spawnSync(process.execPath, [VMLET, 'cp', 'm:/', '-'], {
      env: home.environment,
      maxBuffer: 1e9,
    });
    const names = spawnSync('tar', ['-t'], { input: packed.stdout, encoding: 'utf8' }).stdout.split('\n');
    expect(names).toContain('./etc/hostname');
    expect(names.filter((name) => /^\.\/(proc|sys)\/./.test(name))).toEqual([]);
  });

  test('keeps the owner and mode of an existing directory', async () => {
    const tree = join(home.path, 'private');
    mkdirSync(tree, { mode: 0o700 });
    for (const path of ['there', 'fresh']) mkdirSync(join(tree, path), { mode: 0o700 });
    writeFileSync(join(tree, 'there/inside'), '');
    chmodSync(join(tree, 'there/inside'), 0o4711);
    await home.vmlet('exec', 'm', 'sh', '-c', 'mkdir -m 2775 /tmp/there; chown 5:6 /tmp/there');
    expect(await home.vmlet('cp', `${tree}/.`, 'm:/tmp')).toMatchObject({ status: 0, stderr: '' });
    const paths = ['/tmp', '/tmp/there', '/tmp/fresh', '/tmp/there/inside'];
    expect(await home.vmlet('exec', 'm', 'stat', '-c', '%a %u', ...paths)).toMatchObject({
      stdout: '1777 0\n2775 5\n700 0\n4711 0\n',
    });
  });

  test('names the problem in the guest, and does not write to devices', async () => {
    const into = join(home.path, 'into');
    expect(await home.vmlet('cp', 'm:/nowhere/.', into)).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('/nowhere') as string,
    });
    expect(await home.vmlet('cp', 'm:/etc/hostname', '/dev/null')).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('/dev/null is not a regular file') as string,
    });
    expect(await home.vmlet('cp', 'm:/etc/hostname', join(into, 'file'))).toMatchObject({
      status: 125,
      stderr: `vmlet: target: no such directory: ${into}\n  create the directory first, or choose another path\n`,
    });
    expect(existsSync(into)).toBe(false);
  });

  test('reads and writes tar streams', async () => {
    const archive = spawnSync('tar', ['-c', '-C', '/etc', 'hostname', 'passwd']).stdout;
    await home.vmlet('exec', 'm', 'mkdir', '/tmp/stream');
    const cp = (input: Buffer, ...words: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [VMLET, 'cp', ...words], { input, env: home.environment });
    expect(String(cp(archive, '-', 'm:/tmp/stream').stderr)).toBe('');
    const packed = cp(Buffer.alloc(0), 'm:/tmp/stream', '-');
    expect(String(packed.stderr)).toBe('');
    const names = spawnSync('tar', ['-t'], { input: packed.stdout, encoding: 'utf8' });
    expect(names.stdout.split('\n').sort()).toEqual(['', 'stream/', 'stream/hostname', 'stream/passwd']);
    expect(await home.vmlet('cp', 'm:/nowhere', '-')).toMatchObject({ status: 125, stdout: '' });
  });

  test('reports missing files and directories, and keeps existing files', async () => {
    const kept = join(home.path, 'kept');
    writeFileSync(kept, 'kept');
    const missing = await home.vmlet('cp', 'm:/nowhere', kept);
    expect(missing).toMatchObject({ status: 125 });
    expect(missing.stderr).toContain('/nowhere in the guest: no such file');
    expect(readFileSync(kept, 'utf8')).toBe('kept');
    expect((await home.vmlet('cp', 'm:/etc', kept)).stderr).toContain(`${kept} is not a directory`);
    await home.vmlet('exec', 'm', 'touch', '/tmp/x');
    expect((await home.vmlet('cp', home.path, 'm:/tmp/x')).stderr).toContain('/tmp/x is not a directory');
    expect(await home.vmlet('cp', home.path, 'm:/no/such')).toMatchObject({ status: 125 });
    expect(await home.vmlet('cp', 'm:/etc', join(home.path, 'no/such'))).toMatchObject({
      status: 125,
      stderr: `vmlet: target: no such directory: ${join(home.path, 'no')}\n  create the directory first, or choose another path\n`,
    });
    expect((await home.vmlet('cp', kept, kept)).stderr).toContain('neither source nor target');
  });
});

test('vmlet ip prints the addresses that the agent reports', async () => {
  expect(await home.vmlet('ip', 'm')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^10\.0\.2\.15\n/) as string,
    stderr: 'vmlet: m: addresses reported by vmlet’s agent\n',
  });
  const { stdout } = await home.vmlet('ip', 'm', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    source: 'vmlet-agent',
    addresses: expect.arrayContaining([{ interface: 'eth0', address: '10.0.2.15', prefix: 24 }]) as unknown,
  });
});

test('vmlet ssh has the agent run commands where the guest has no ssh server', async () => {
  const command = ['ssh', 'm', 'echo', '"$USER  $SHELL"', '"$PWD"', '"a  b"', ';', 'cat', ';', 'exit 7'];
  expect(await home.start(command, { input: 'from stdin' }).finished).toMatchObject({
    status: 7,
    stdout: 'root  /bin/sh /root a  b\nfrom stdin',
    stderr: '',
  });
  expect(await home.start(['ssh', 'm'], { input: 'cd /tmp; pwd; exit 3\n' }).finished).toMatchObject({
    status: 3,
    stdout: '/tmp\n',
    stderr: 'vmlet: machine "m" has no ssh server; opening a shell through vmlet\'s agent\n',
  });
  expect((await home.vmlet('ssh', '-t', 'm', 'test -t 0 && stty size')).stdout).toMatch(/^\d+ \d+\r\n$/);
  expect(await home.vmlet('ssh', '--provision', 'm', 'true')).toMatchObject({
    status: 125,
    stdout: '',
    stderr:
      'vmlet: machine "m" has no ssh server in its guest\n' +
      '  open a shell through the agent instead: vmlet shell m; or use an image with an ssh server, such as debian:13\n',
  });
});

describe('vmlet wait', () => {
  test('finds conditions that are already true, including a line without a line break', async () => {
    await home.vmlet('exec', 'm', 'sh', '-c', String.raw`printf '\none\033[1m two\nlogin: ' >/dev/ttyS0`);
    const waited = await home.vmlet(
      ...[
        'wait',
        'm',
        '--for',
        'running',
        '--for',
        'agent',
        '--for',
        'log=^one two$',
        '--for',
        'log=login: $',
      ],
    );
    expect(waited).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  /** Starts a server in a machine while port 80 is waited for, and shows the refusals until then. */
  async function waitForServer(name: string): Promise<void> {
    const seen: string[] = [];
    const waiting = awaitedLater(
      home.store
        .get(name)
        .waitFor({ ports: [80] }, { onProgress: (pending) => seen.push(...pending.map((one) => one.seen)) }),
    );
    await until(() => seen.includes('the guest refuses connections'));
    await home.vmlet('exec', name, 'httpd', '-p', '80', '-h', '/tmp');
    await waiting;
  }

  test('waits for a server that starts later, and shows that connections are refused until then', async () => {
    await waitForServer('m');
  });

  test('waits for the only forward of a guest with an agent', async () => {
    await home.vmlet('create', 'one', '--image', 'micro', '-p', '80', '--start');
    try {
      expect(home.store.get('one').ports()).toHaveLength(1);
      await waitForServer('one');
    } finally {
      await home.vmlet('rm', '-f', '--storage', 'one');
    }
  });

  test('times out, and reports the last state', async () => {
    const late = await home.vmlet(
      'wait',
      'm',
      '--for',
      'port=81',
      '--for',
      'ssh',
      '--for',
      'stopped',
      '-t',
      '10s',
    );
    expect(late.status).toBe(124);
    expect(late.stderr).toContain('waiting for ssh, port 81, stopped in machine "m"');
    expect(late.stderr).toContain('port 81: the guest refuses connections');
    expect(late.stderr).toContain('; give a slow guest more time with --timeout\n');
    expect(late.stderr).toContain("ssh: vmlet's agent has found no ssh server in the guest");
    expect(late.stderr).toContain('to add a forward, run: vmlet port add m 22');
    await expect(home.store.get('m').waitFor({ log: [/never/] }, { timeoutMs: 100 })).rejects.toThrow(
      TimedOutError,
    );
  });

  test('tells a guest without an agent from one without an ssh server', async () => {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    await home.vmlet('create', 'mute', '--image', `${image},format=raw`, '-m', '64M');
    // As when the agent was removed from the guest.
    writeSshRecord(home.store.get('mute').files.ssh, { byAgent: true });
    await home.vmlet('start', 'mute');
    try {
      const asked = await home.vmlet('wait', 'mute', '--for', 'ssh', '-t', '5s');
      expect(asked.stderr).toContain("ssh: vmlet's agent does not answer in the guest");
      const advice = 'vmlet port add mute 22';
      expect(asked.stderr).toContain(advice);
      const entered = ['exec', '--timeout', '1s', 'mute', '--', 'true'];
      expect((await home.vmlet(...entered)).stderr).toContain(advice);
      await home.vmlet('port', 'add', 'mute', '22');
      expect((await home.vmlet(...entered)).stderr).toContain('or use vmlet ssh or vmlet console');
    } finally {
      await home.vmlet('rm', '-f', '--storage', 'mute');
    }
  });

  test('reports a port without a forward, and unknown conditions', async () => {
    const port = await home.vmlet('wait', 'm', '--for', 'port=4444');
    expect(port).toMatchObject({ status: 125 });
    expect(port.stderr).toContain('vmlet port add m 4444');
    expect((await home.vmlet('wait', 'm', '--for', 'love')).stderr).toContain('expected running, agent');
  });

  test('ends with the reason of an abort', async () => {
    const controller = new AbortController();
    const waiting = home.store
      .get('m')
      .waitFor({ ports: [81], stopped: true }, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  test('fails at once when the machine ends, unless it waits for stopped', async () => {
    const machine = home.store.get('m');
    const stopped = home.start(['wait', 'm', '--for', 'stopped']);
    const seen: string[] = [];
    const never = machine.waitFor(
      { log: [/never/] },
      { onProgress: (pending) => seen.push(...pending.map((one) => one.seen)) },
    );
    const failed = awaitedLater(expect(never).rejects.toThrow(MachineEndedError));
    await until(() => seen.some((text) => text.startsWith('the last line is')));
    await home.vmlet('exec', 'm', 'poweroff', '-f');
    await failed;
    expect(await stopped.finished).toMatchObject({ status: 0 });
    expect((await home.vmlet('wait', 'm', '--for', 'agent')).stderr).toContain('machine "m" is not running');
  });

  test('waits for a machine to start, and reads the serial log of that run only', async () => {
    const machine = home.store.get('m');
    const waiting = awaitedLater(machine.waitFor({ running: true, log: [/^of the first run$/] }));
    await home.vmlet('start', 'm');
    await home.vmlet('exec', 'm', 'sh', '-c', '(echo; echo of the first run) >/dev/ttyS0');
    await waiting;
    await home.vmlet('restart', 'm');
    await home.vmlet('exec', 'm', 'sh', '-c', '(echo; echo of the second run) >/dev/ttyS0');
    await machine.waitFor({ log: [/^of the second run$/] });
    const first = machine.waitFor({ log: [/^of the first run$/] }, { timeoutMs: 500 });
    await expect(first).rejects.toThrow(TimedOutError);
  });
});
