import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Started, VMLET, start } from '../command.ts';
import { until } from '../../until.ts';
import { readSshRecord } from '../../../src/machines/record/ssh-record.ts';
import { sshFiles } from '../../../src/machines/ssh/ssh-files.ts';
import { type Home, makeHome } from './home.ts';

let home: Home;
beforeAll(async () => {
  home = await makeHome();
});
afterAll(async () => home.close());

describe('lists', () => {
  it('lists images under podman’s names for the command', async () => {
    const [images, list] = await Promise.all([home.vmlet('images'), home.vmlet('image', 'ls')]);
    expect(images).toEqual(list);
    const { status, stderr } = await home.vmlet('rmi', 'nothing');
    expect([status, stderr]).toEqual([125, expect.stringContaining('nothing') as string]);
    expect((await home.vmlet('rmi', '--help')).stdout).toContain('Usage: vmlet image rm');
  });

  it('searches the catalogue, and reports when nothing matches', async () => {
    const all = await home.vmlet('search', '--format', '{{.Reference}}');
    const some = await home.vmlet('search', 'debian', '--format', '{{.Reference}}');
    expect(some.stdout).toContain('debian:13\n');
    expect(all.stdout.split('\n').length).toBeGreaterThan(some.stdout.split('\n').length);
    const none = await home.vmlet('search', 'zzzz');
    expect([none.status, none.stdout]).toEqual([0, '']);
    expect(none.stderr).toContain('no image matches "zzzz"');
    expect((await home.vmlet('search', 'Micro')).stderr).toContain('micro is built on this host');
    expect((await home.vmlet('search', 'host')).stderr).toContain('host is the system of this host');
    expect(JSON.parse((await home.vmlet('search', 'zzzz', '--json')).stdout)).toEqual({
      version: 1,
      images: [],
    });
  });

  it.each(['ls', 'volume ls', 'image ls', 'network ls', 'template ls', 'pool ls'])(
    '%s prints JSON with --json, also with --quiet',
    async (verb) => {
      const { stdout } = await home.vmlet(...verb.split(' '), '-q', '--json');
      expect(JSON.parse(stdout)).toMatchObject({ version: 1 });
    },
  );

  it('shows the host in one table', async () => {
    const { stdout } = await home.vmlet('info');
    for (const title of ['processors', 'memory', 'accelerator', 'QEMU', 'machines']) {
      expect(stdout).toMatch(new RegExp(`^${title} `, 'm'));
    }
    expect((await home.vmlet('info', '--format', '{{.Machines.Total}}')).stdout).toMatch(/^\d+\n$/);
  });
});

describe('a machine', () => {
  it('accepts the commands of podman and virsh', async () => {
    await home.vmlet('create', 'm', '--image', 'micro', '-m', '256M', '--net', 'none');
    expect((await home.vmlet('ps', '-q')).stdout).toBe('');
    expect((await home.vmlet('ps', '-a', '--format', '{{.Name}} {{.State}}')).stdout).toBe('m created\n');
    expect((await home.vmlet('ls', '-a', '-q')).stdout).toBe('m\n');
    expect((await home.vmlet('port', 'm')).stdout).toMatch(/^HOST +GUEST\n$/);
    expect((await home.vmlet('inspect', 'm', '--format', '{{json .Ports}}')).stdout).toBe('[]\n');

    const started = await home.vmlet('start', '-a');
    expect([started.status, started.stdout]).toEqual([0, 'm\n']);
    expect((await home.vmlet('ps', '--format', 'table {{.Name}} {{.Spec.Cpus}}')).stdout).toMatch(
      /^NAME +SPEC\.CPUS\nm +\d+\n$/,
    );
    expect((await home.vmlet('inspect', 'm', '--format', '{{.Name}}:{{.Status.Kind}}')).stdout).toBe(
      'm:running\n',
    );

    const detached = await home.vmlet(
      'exec',
      '-d',
      '-e',
      'WORD=hello',
      'm',
      '--',
      'sh',
      '-c',
      'echo $WORD >/tmp/word; exec sleep 1000',
    );
    expect(detached).toMatchObject({ status: 0, stderr: '' });
    const pid = /^(\d+)\n$/.exec(detached.stdout)?.[1] ?? '';
    const shell = start(['shell', 'm'], {
      env: home.environment,
      input: `until grep -q sleep /proc/${pid}/comm; do :; done; cat /tmp/word; exit 3\n`,
    });
    expect(await shell.finished).toMatchObject({ status: 3, stdout: 'hello\n' });
    for (const [program, status, problem] of [
      ['no-such-program', 127, 'command not found'],
      ['/missing/program', 127, 'no such file'],
      ['/tmp/word', 126, 'permission denied'],
      ['/tmp', 126, 'permission denied'],
    ] as const) {
      expect(await home.vmlet('exec', '-d', 'm', '--', program)).toEqual({
        status,
        stdout: '',
        stderr: `vmlet: the guest cannot run ${program}: ${problem}\n`,
      });
    }

    const loop = 'while read word; do "$0" "$1" exec -d m -- touch "/tmp/$word"; done';
    const looped = spawnSync('sh', ['-c', loop, process.execPath, VMLET], {
      input: 'one\ntwo\n',
      encoding: 'utf8',
      env: home.environment,
    });
    expect(looped.stdout).toMatch(/^\d+\n\d+\n$/);

    await home.vmlet('pause', 'm');
    for (const words of [
      ['exec', 'm', 'true'],
      ['cp', 'm:/tmp/word', '-'],
    ]) {
      expect(await home.vmlet(...words)).toEqual({
        status: 125,
        stdout: '',
        stderr: 'vmlet: machine "m" is paused\n  resume it first: vmlet resume m\n',
      });
    }
    await home.vmlet('resume', 'm');

    const statistics = await home.vmlet('stats', '--no-stream', '--interval', '100ms');
    expect(statistics.stdout).toMatch(/^NAME .*\nm /);
    const logged = await home.vmlet('logs', '--tail', '1', 'm');
    expect(logged.stdout.split('\n').length).toBeLessThanOrEqual(2);

    expect((await home.vmlet('stop', '-a', '--time', '60')).stdout).toBe('m\n');
    expect(await home.vmlet('rm', '-f', 'absent')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect((await home.vmlet('rm', '-a')).stdout).toBe('m\n');
    expect((await home.vmlet('ps', '-a', '-q')).stdout).toBe('');
  });
});

describe('run --detach', () => {
  it('runs the command, ends with it, and keeps its output and status', async () => {
    const script = 'echo out; echo err >&2; test -e /data/once && exit 4; touch /data/once; exit 3';
    const run = await home.vmlet(
      'run',
      '-d',
      '--name',
      'job',
      '-e',
      'A=b',
      'micro',
      '--',
      'sh',
      '-c',
      script,
    );
    expect(run).toMatchObject({ status: 0, stdout: 'job\n', stderr: '' });
    expect(await home.vmlet('wait', 'job')).toMatchObject({ status: 3, stdout: '3\n' });
    expect((await home.vmlet('ls', '--filter', 'state=stopped')).stdout).toMatch(
      /^job +stopped .* its command exited with status 3$/m,
    );
    expect((await home.vmlet('inspect', 'job', '--format', '{{.Status.Command.ExitCode}}')).stdout).toBe(
      '3\n',
    );
    expect(await home.vmlet('logs', 'job')).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
    expect((await home.vmlet('logs', '--source', 'serial', 'job')).stdout).not.toContain('out\n');

    // Each start runs it again, on the same disk.
    expect((await home.vmlet('start', 'job')).status).toBe(0);
    expect(await home.vmlet('wait', 'job')).toMatchObject({ status: 4, stdout: '4\n' });
    expect((await home.vmlet('logs', 'job')).stdout).toBe('out\nout\n');
    expect((await home.vmlet('rm', '--storage', 'job')).status).toBe(0);
  });

  /** A command that ends when /run/go is there. */
  const UNTIL_TOLD = ['sh', '-c', 'until test -e /run/go; do sleep 0.1; done'];
  const waitersLock = (name: string): string => join(home.store.get(name).files.directory, 'waiters.lock');
  /** To try the lock would take it for a moment, in which `vmlet wait` does not get it. */
  const holdsLock = ({ process: { pid } }: Started): boolean =>
    spawnSync('sh', ['-c', `grep -qs FLOCK /proc/${pid}/fdinfo/*`]).status === 0;

  it('removes the machine and its disks after the command with --rm', async () => {
    const run = await home.vmlet('run', '-d', '--rm', 'micro', ...UNTIL_TOLD);
    expect(run.stdout).toMatch(/^micro-[0-9a-f]{6}\n$/);
    const name = run.stdout.trim();
    const waiting = home.start(['wait', name]);
    await until(() => holdsLock(waiting));
    await home.vmlet('exec', name, 'touch', '/run/go');
    expect(await waiting.finished).toMatchObject({ status: 0, stdout: '0\n' });
    await until(() => home.machines().length === 0);
  });

  it('reports the status also after --rm has removed the machine, until another has its name', async () => {
    const job = ['run', '-d', '--rm', '--name', 'job', '--net', 'none', 'micro', 'sh', '-c'];
    for (const [script, status] of [
      ['exit 7', 7],
      ['kill -KILL $$', 137],
    ] as const) {
      expect(await home.vmlet(...job, script)).toMatchObject({ status: 0 });
      await until(() => home.machines().length === 0);
      const waited = { status, stdout: `${status}\n`, stderr: '' };
      expect(await home.vmlet('wait', 'job')).toEqual(waited);
      expect(await home.vmlet('wait', 'job')).toEqual(waited);
      expect((await home.vmlet('wait', 'job', '--for', 'stopped')).stderr).toContain('no such machine: job');
    }
    await home.vmlet('create', 'job', '--image', 'micro', '--net', 'none');
    expect((await home.vmlet('wait', 'job')).stderr).toContain('machine "job" has no command to wait for');
    await home.vmlet('rm', '--storage', 'job');
    expect((await home.vmlet('wait', 'job')).stderr).toContain('no such machine: job');
  });

  it('removes the machine only after the waiting clients have its status', async () => {
    await home.vmlet('run', '-d', '--rm', '--name', 'job', '--net', 'none', 'micro', ...UNTIL_TOLD);
    const machine = home.store.get('job');
    const waiting = home.start(['wait', 'job']);
    const lock = waitersLock('job');
    await until(() => holdsLock(waiting));
    waiting.process.kill('SIGSTOP');
    await home.vmlet('exec', 'job', 'touch', '/run/go');
    await until(() =>
      home.processes().some(({ program, commandLine }) => program === 'flock' && commandLine.includes(lock)),
    );
    expect(machine.status()).toMatchObject({ kind: 'stopped', command: { exitCode: 0 } });
    waiting.process.kill('SIGCONT');
    expect(await waiting.finished).toMatchObject({ status: 0, stdout: '0\n' });
    await until(() => home.machines().length === 0);
  });

  it('keeps a machine with --rm that is restarted, and does not save it', async () => {
    await home.vmlet('run', '-d', '--rm', '--name', 'job', '--net', 'none', 'micro', ...UNTIL_TOLD);
    const saved = await home.vmlet('save', 'job');
    expect(saved.status).toBe(125);
    expect(saved.stderr).toContain('created with --rm');
    expect(home.store.get('job').status()).toMatchObject({ kind: 'running' });
    const removal = /rm\0--storage\0--id\0[^\0]+\0job\0/;
    expect(readFileSync(home.store.get('job').files.removal, 'utf8')).toMatch(removal);
    const { rung } = await home.store
      .get('job')
      .live()
      .stop({ keep: true, timeoutMs: 20 * 60_000 });
    expect(rung).toBe('guest');
    expect(existsSync(home.store.get('job').files.removal)).toBe(false);
    for (const verb of ['start', 'restart'])
      expect(await home.vmlet(verb, 'job')).toMatchObject({ status: 0 });
    expect(readFileSync(home.store.get('job').files.removal, 'utf8')).toMatch(removal);
    const stopped = await home.vmlet('stop', '-t', '20m', 'job');
    expect(stopped.stderr).toContain('asked the guest');
    await until(() => home.machines().length === 0);
  });

  it('keeps a machine with --rm whose restart is interrupted while its guest boots', async () => {
    await home.vmlet('run', '-d', '--rm', '--name', 'job', '--net', 'none', 'micro', 'sleep', '1000');
    const machine = home.store.get('job');
    const restart = home.start(['restart', 'job', '-t', '20m']);
    await until(() => !existsSync(machine.files.removal));
    await until(() => existsSync(machine.files.removal) && machine.status().kind === 'running');
    restart.process.kill('SIGINT');
    expect(await restart.finished).toMatchObject({ status: 130 });
    await until(() => home.processes().length === 0);
    expect(machine.status().kind).toBe('stopped');
    await home.vmlet('rm', '--storage', 'job');
  });

  it('removes no other machine of the name once a machine with --rm is removed', async () => {
    await home.vmlet('run', '-d', '--rm', '--name', 'job', '--net', 'none', 'micro', 'sleep', '1000');
    expect(await home.vmlet('rm', '--force', '--storage', 'job')).toMatchObject({ status: 0 });
    await home.vmlet('create', 'job', '--image', 'micro', '--net', 'none');
    await until(
      () => !home.processes().some(({ commandLine }) => commandLine.includes('rm --storage --id ')),
    );
    expect(home.machines().map(({ name }) => name)).toEqual(['job']);
    await home.vmlet('rm', '--storage', 'job');
  });

  it('reports no status for a command that its machine did not outlive', async () => {
    await home.vmlet('run', '-d', '--name', 'job', '--net', 'none', 'micro', 'sleep', '1000');
    await home.vmlet('kill', 'job');
    const { status, stdout, stderr } = await home.vmlet('wait', 'job');
    expect([status, stdout]).toEqual([125, '125\n']);
    expect(stderr).toContain('before its command ended');
    expect(await home.vmlet('wait', 'job', '--for', 'stopped')).toMatchObject({ status: 0 });
    await home.vmlet('rm', '--storage', 'job');
  });
});

describe('ssh --stdio', () => {
  it('connects to port 22 of the guest through the agent, without a network', async () => {
    await home.vmlet('create', 'm', '--image', 'micro', '-m', '256M', '--net', 'none', '--start');
    expect(await home.vmlet('ssh', '--stdio', 'm')).toMatchObject({ status: 125, stdout: '' });
    expect((await home.vmlet('ssh', '--stdio', 'm')).stderr).toContain('ECONNREFUSED');
    await home.vmlet(
      'exec',
      '-d',
      'm',
      '--',
      'nc',
      '-ll',
      '-p',
      '22',
      '-e',
      'sh',
      '-c',
      'tr a-z A-Z; echo end',
    );
    const listens = ['exec', 'm', '--', 'sh', '-c', 'netstat -ltn | grep -q :22'];
    await until(async () => (await home.vmlet(...listens)).status === 0);
    const piped = start(['ssh', '--stdio', 'm'], {
      env: home.environment,
      input: `${'word '.repeat(100_000)}\n`,
    });
    const { status, stdout, stderr } = await piped.finished;
    expect([status, stderr]).toEqual([0, '']);
    await home.vmlet('set', 'm', '--ssh-user', 'nobody');
    const config = readFileSync(join(home.store.get('m').files.ssh, 'config'), 'utf8');
    expect(config).toMatch(/^ {2}User "nobody"\n[^]*^ {2}ProxyCommand .* '--stdio' 'm'$/m);
    expect(stdout).toBe(`${'WORD '.repeat(100_000)}\nend\n`);
    await home.vmlet('rm', '-f', '--storage', 'm');
  });

  it('is the way of plain ssh from the first start on, and of a clone', async () => {
    await home.vmlet('create', 'm', '--image', 'micro', '-m', '256M', '--net', 'none');
    await home.vmlet('clone', 'm', 'copy');
    for (const name of ['m', 'copy']) {
      const { stdout } = await home.vmlet('start', '--dry-run', name);
      expect(stdout).toContain('ProxyCommand');
      await home.vmlet('rm', '--storage', name);
    }
  });

  it('connects through a forward if the agent cannot reach the server', async () => {
    await home.vmlet('create', 'm', '--image', 'micro', '-m', '256M', '-p', '22', '--start');
    const machine = home.store.get('m');
    const config = (): string => readFileSync(sshFiles(machine.files.ssh).config, 'utf8');
    const [{ hostPort } = {}] = machine.ports();
    expect(config()).toContain(`  HostName "127.0.0.1"\n  Port ${hostPort}\n`);
    const server = ['nc', '-ll', '-p', '22', '-e', 'sh', '-c', 'echo SSH-2.0-test; cat'];
    await home.vmlet('exec', '-d', 'm', '--', ...server);
    // The agent connects to the loopback.
    const listens = 'ip link set lo down && netstat -ltn | grep -q :22';
    await until(async () => (await home.vmlet('exec', 'm', '--', 'sh', '-c', listens)).status === 0);
    const piped = start(['ssh', '--stdio', 'm'], { env: home.environment, input: 'hello\n' });
    expect(await piped.finished).toMatchObject({ status: 0, stdout: 'SSH-2.0-test\nhello\n', stderr: '' });
    await machine.live().prepareSsh();
    expect(readSshRecord(machine.files.ssh)).toMatchObject({ byAgent: false });
    await home.vmlet('port', 'rm', 'm', `${hostPort}`);
    expect(config()).toContain('"no-forward.vmlet.invalid"');
    // That it has answered does not mean that it has answered the agent.
    await machine.live().prepareSsh({ provision: true });
    expect(readSshRecord(machine.files.ssh)).toMatchObject({ byAgent: false });
    await home.vmlet('port', 'add', 'm', '22');
    expect(config()).toContain(`  HostName "127.0.0.1"\n  Port ${machine.ports()[0]?.hostPort}\n`);
    await home.vmlet('rm', '-f', '--storage', 'm');
  });

  it('leaves Ctrl-C to ssh and sftp while it is connected', async () => {
    await home.vmlet('create', 'm', '--image', 'micro', '-m', '256M', '--net', 'none', '--start');
    await home.vmlet('exec', '-d', 'm', '--', 'nc', '-ll', '-p', '22', '-e', 'cat');
    const listens = ['exec', 'm', '--', 'sh', '-c', 'netstat -ltn | grep -q :22'];
    await until(async () => (await home.vmlet(...listens)).status === 0);
    const { process: piped, stdout, finished } = startOpen(['ssh', '--stdio', 'm']);
    piped.stdin.write('before ');
    await until(() => stdout() === 'before ');
    piped.kill('SIGINT');
    piped.kill('SIGINT');
    piped.stdin.write('after');
    await until(() => stdout() === 'before after');
    // As when ssh has died of Ctrl-C while the guest does not answer.
    await home.vmlet('pause', 'm');
    piped.stdin.end();
    expect(await finished).toBe(0);

    await home.vmlet('resume', 'm');
    const terminated = startOpen(['ssh', '--stdio', 'm']);
    terminated.process.stdin.write('x');
    await until(() => terminated.stdout() === 'x');
    terminated.process.kill('SIGHUP');
    expect(await terminated.finished).toBe(129);
    await home.vmlet('rm', '-f', '--storage', 'm');
  });
});

/** Starts the command with a stdin that stays open. */
function startOpen(args: readonly string[]) {
  const child = spawn(process.execPath, [VMLET, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: home.environment,
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const finished = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { process: child, stdout: () => printed, finished };
}
