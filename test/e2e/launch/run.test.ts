import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { directoryIn, temporaryDirectory } from '../../directory.ts';
import { until } from '../../until.ts';
import { VMLET, start, vmlet } from '../command.ts';
import { Terminal } from '../named/terminal.ts';

const directory = temporaryDirectory();

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, timeout: 5000 }, (response) => {
      response.resume();
      resolve(true);
    });
    // Node only tells of the time limit.
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.each([
  ['from a kept guest', ''],
  ['booted', '1'],
])('vmlet run, %s', (_, fresh) => {
  beforeEach(() => vi.stubEnv('VMLET_FRESH', fresh));
  afterEach(() => vi.unstubAllEnvs());

  it('prints the output of the command and nothing else', async () => {
    const { status, stdout, stderr } = await vmlet('run', 'micro', '--', 'uname', '-a');
    expect(stdout).toMatch(/^Linux vmlet \d+\.\d+.* x86_64 GNU\/Linux\n$/);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('passes stdin through', async () => {
    const { stdout } = await start(['run', 'micro', '--', 'sh', '-c', 'cat; echo end'], { input: 'hi\n' })
      .finished;
    expect(stdout).toBe('hi\nend\n');
  });

  it.each([
    [['sh', '-c', 'exit 7'], 7],
    [['no-such-program'], 127],
    [['/etc/passwd'], 126],
    [['sh', '-c', 'kill -KILL $$'], 137],
  ])('exits with the status of %j', async (command, expected) => {
    const { status } = await vmlet('run', '--net', 'none', 'micro', ...command);
    expect(status).toBe(expected);
  });

  it('explains where options go when the command looks like an option', async () => {
    const { status, stderr } = await vmlet('run', '--net', 'none', 'micro', '--memory', '1G');
    expect(status).toBe(127);
    expect(stderr).toBe(
      'vmlet: the guest cannot run --memory: command not found (ENOENT)\n' +
        '  if this is an option of vmlet, put it before the image or the machine\n',
    );
  });

  it('gives the command its variables, directory and user', async () => {
    const command = ['sh', '-c', 'echo $A:$B:$PWD:$(id -un)'];
    const flags = ['-e', 'A=a b=c', '-e', 'B', '-w', '/tmp', '-u', 'nobody', '--net', 'none'];
    const { stdout } = await start(['run', ...flags, 'micro', ...command], { env: { B: 'from here' } })
      .finished;
    expect(stdout).toBe('a b=c:from here:/tmp:nobody\n');
  });

  it('leaves Ctrl-C in a terminal, which all processes of a job get, to the command', async () => {
    using terminal = new Terminal({ path: directoryIn(directory, 'terminal-'), environment: process.env });
    const script = "trap 'echo cleaned; exit 4' INT; echo ready; while :; do sleep 0.1; done";
    terminal.run(`${process.execPath} ${VMLET} run micro sh -c "${script}"`);
    await terminal.shows(/^ready$/);
    terminal.press('C-c');
    await terminal.shows(/^(\^C)?cleaned$/);
    await terminal.shows(/^left with 4$/);
  });
});

describe('vmlet run', () => {
  it('publishes a port until it is interrupted, and then leaves nothing', async () => {
    const port = await freePort();
    const running = start(['run', '-p', `${port}:80`, 'micro', '--', 'httpd', '-f']);
    await until(async () => answers(port));
    running.process.kill('SIGINT');
    expect(await running.finished).toMatchObject({ status: 130, stderr: '' });
    expect(await answers(port)).toBe(false);
  });

  it('passes the first interrupt to the command, and ends everything at the second', async () => {
    const script = 'trap "echo cleaning up; exit 4" INT; echo ready; while :; do sleep 0.1; done';
    const polite = start(['run', '--net', 'none', 'micro', 'sh', '-c', script]);
    await until(() => polite.stdout().includes('ready'));
    polite.process.kill('SIGINT');
    expect(await polite.finished).toMatchObject({ status: 4, stdout: 'ready\ncleaning up\n' });

    const deaf = start([
      'run',
      '--net',
      'none',
      'micro',
      'sh',
      '-c',
      'trap "echo heard" INT; echo ready; while :; do sleep 0.1; done',
    ]);
    await until(() => deaf.stdout().includes('ready'));
    deaf.process.kill('SIGINT');
    await until(() => deaf.stdout().includes('heard'));
    deaf.process.kill('SIGINT');
    expect(await deaf.finished).toMatchObject({ status: 130 });
  });

  it('ends during the boot when it is interrupted', async () => {
    const running = start(['run', '--console', 'micro', '--', 'true']);
    await until(() => running.stderr().includes('SeaBIOS'));
    running.process.kill('SIGTERM');
    expect((await running.finished).status).toBe(143);
  });

  it('exits with 124 at its time limit', async () => {
    const { status, stderr } = await vmlet(
      'run',
      '--timeout',
      '5',
      '--net',
      'none',
      'micro',
      'sleep',
      '1000',
    );
    expect(status).toBe(124);
    expect(stderr).toMatch(/timed out after 5 s/);
  });

  it('reports how far the boot of the guest came before the time limit', async () => {
    const { status, stderr } = await vmlet(
      'run',
      '--boot-timeout',
      '15',
      '--append',
      'rdinit=/bin/cat',
      'micro',
      'true',
    );
    expect(status).toBe(124);
    expect(stderr).toMatch(/timed out after 15 s/);
    expect(stderr).toMatch(/last lines of the guest's console/);
    expect(stderr).toMatch(/give a slow guest more time with --boot-timeout/);
  });

  it('boots the user’s kernel and initramfs, and runs a command', async () => {
    const plan = JSON.parse((await vmlet('run', '--dry-run', '--json', 'micro')).stdout) as {
      plan: { boot: { kernelPath: string; initrdPath: string } };
    };
    const { kernelPath, initrdPath } = plan.plan.boot;
    const { status, stdout } = await vmlet(
      ...['run', '--kernel', kernelPath, '--initrd', initrdPath, '--append', 'quiet marker=here'],
      ...['--net', 'none', '--', 'sh', '-c', 'cat /proc/cmdline; readlink /proc/1/exe'],
    );
    expect(stdout).toMatch(/rdinit=\/\.vmlet-agent .*marker=here\n\/\.vmlet-agent\n/);
    expect(status).toBe(0);
  });

  it('prints with --dry-run what it would do, as a shell script that works', async () => {
    const { status, stdout } = await vmlet(
      'run',
      '--dry-run',
      '--disk',
      '1G',
      '-p',
      '80',
      ...['--accel', 'tcg', '--cpus', '2'],
      'micro',
      '--',
      'true',
    );
    expect(status).toBe(0);
    // A thread for each processor would crash some of these guests on a busy host.
    expect(stdout).toContain(' -accel tcg,thread=single ');
    expect(stdout).toMatch(/^#!\/bin\/sh\n/);
    expect(stdout).toMatch(/qemu-img create .*disk0\.qcow2 1073741824/);
    expect(spawnSync('sh', ['-n'], { input: stdout }).status).toBe(0);
  });

  it.each([
    [['run'], /image: missing/],
    [['run', '--no-such-flag'], /unknown option/],
    [['run', '-m', '5', 'micro', 'true'], /^vmlet: -m: 5 means 5 bytes; did you mean 5M/],
    [['run', '-m', 'much', 'micro', 'true'], /^vmlet: -m: invalid size "much"/],
    [['run', '-p', '99999:80', 'micro', 'true'], /^vmlet: -p: invalid port "99999" in "99999:80"/],
    [['run', '--disk', './nowhere.qcow2', 'micro', 'true'], /--disk \.\/nowhere\.qcow2: no such file/],
    [
      ['run', '--kernel', '/no/kernel', '--initrd', '/no/initrd', '--', 'true'],
      /--kernel \/no\/kernel: no such file/,
    ],
    [['run', 'nothing-like-it:43', 'true'], /no such image: nothing-like-it:43/],
    [
      ['run', '--net', 'passt=', 'micro', 'true'],
      /^vmlet: --net: "passt=": expected auto, passt, slirp or none/,
    ],
    [['run', '--cpus', 'x', 'micro', 'true'], /whole number/],
    [['run', '--timeout', '0', 'micro', 'true'], /positive duration/],
  ])('rejects %j with one sentence and status 125', async (args, message) => {
    const { status, stdout, stderr } = await vmlet(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    expect(status).toBe(125);
  });

  it('names the owner of a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { status, stderr } = await vmlet('run', '-p', `${port}:80`, 'micro', '--', 'true');
    await new Promise((resolve) => server.close(resolve));
    expect(stderr).toMatch(new RegExp(`127.0.0.1:${port}/tcp.*\\b${process.pid}\\b`));
    expect(status).toBe(125);
  });

  it('gives the reason why KVM is not available', async () => {
    const { status, stderr } = await vmlet('run', '--accel', 'kvm', 'micro', '--', 'true');
    if (status === 0) return;
    expect(stderr).toMatch(/^vmlet: KVM is not usable: \S/);
    expect(status).toBe(125);
  });
});
