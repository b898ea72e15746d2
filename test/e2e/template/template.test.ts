import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../directory.ts';
import { VMLET, type Finished, start, vmlet } from '../command.ts';
import { until } from '../../until.ts';
import { execFileSync, spawnSync } from 'node:child_process';

/** Templates through the built command. One is created for all tests that only read it. */

const directory = temporaryDirectory();
const name = `test-${process.pid}`;
let created: Finished;

beforeAll(async () => {
  writeFileSync(
    join(directory, 'warm-up'),
    'read -r word < /root/first\necho "$word, world" > /root/second\n',
  );
  created = await create(
    name,
    '--run',
    'echo hello > /root/first',
    '--run',
    `@${join(directory, 'warm-up')}`,
  );
});

afterAll(async () => {
  await vmlet('template', 'rm', '--ignore', name);
});

async function create(template: string, ...flags: string[]): Promise<Finished> {
  return vmlet('template', 'create', template, '--memory', '96M', ...flags);
}

interface Row {
  readonly name: string;
  readonly directory: string;
  readonly createdAt: string;
  readonly problems: readonly string[];
}

async function inspect(template: string): Promise<Row> {
  const { stdout } = await vmlet('template', 'inspect', template);
  const { templates } = JSON.parse(stdout) as { templates: Row[] };
  return templates[0]!;
}

describe('a template', () => {
  it('is created, and listed with its details', async () => {
    expect(created).toMatchObject({ status: 0, stdout: `${name}\n`, stderr: '' });
    const { stdout } = await vmlet('template', 'ls', '--json');
    const { templates } = JSON.parse(stdout) as { templates: Row[] };
    expect(templates.find((row) => row.name === name)).toMatchObject({
      image: 'micro',
      memoryBytes: 96 * 1024 ** 2,
      cpus: 1,
      problems: [],
    });
    expect((await vmlet('template', 'ls')).stdout).toMatch(
      new RegExp(`^${name} +micro +96 MiB +[0-9.]+ MiB +20.* ready$`, 'm'),
    );
    expect((await vmlet('template', 'ls', '--quiet')).stdout.split('\n')).toContain(name);
    expect((await vmlet('system', 'df')).stdout).toMatch(/^Templates +[1-9]/m);
  });

  it('runs a command after the warm-up, in a machine of its own', async () => {
    const fork = ['run', '--template', name];
    const script = 'cat /root/second; hostname; cat; echo x >> /root/second; exit 7';
    const [one, other] = [
      await start([...fork, '--name', 'mine', '--', 'sh', '-c', script], { input: 'input\n' }).finished,
      await start([...fork, '-p', '80', 'sh', '-c', script]).finished,
    ];
    expect(one).toMatchObject({ status: 7, stdout: 'hello, world\nmine\ninput\n', stderr: '' });
    expect(other.stdout).toMatch(new RegExp(`^hello, world\n${name}-[0-9a-f]{8}\n$`));
    expect(other.stderr).toMatch(/^vmlet: forwarding 127\.0\.0\.1:\d+\/tcp to port 80 of the guest\n$/);
  });

  it('has a dry run that prints a script', async () => {
    const flags = ['run', '--template', name, '--dry-run'];
    const { stdout } = await vmlet(...flags, '--json');
    const { plan } = JSON.parse(stdout) as { plan: { memory: { path: string; opensReadOnly: boolean } } };
    const memory = join((await inspect(name)).directory, 'memory');
    const { stdout: script } = await vmlet(...flags);
    // QEMU before 8.2 maps a copy.
    expect(plan.memory.opensReadOnly ? plan.memory.path : script).toContain(memory);
    expect(plan.memory).toMatchObject({ kind: 'copy-on-write' });
    execFileSync('sh', ['-n'], { input: script });
    expect(script).toContain('migrate-incoming');
  });

  it('has no dry run with an address of its card', async () => {
    expect(await vmlet('run', '--template', name, '--dry-run', '--mac', '52:54:00:aa:bb:01')).toMatchObject({
      status: 125,
      stderr: expect.stringMatching(/^vmlet: --mac: cannot be used with --dry-run of a template/) as string,
    });
  });

  it('has a dry run that leaves the socket of a killed machine to the next start', async () => {
    const socket = join(directory, 'left.sock');
    const listen =
      "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    spawnSync(process.execPath, ['-e', listen, socket]);
    const flags = ['run', '--template', name, '-p', `${socket}:80`];
    expect(await vmlet(...flags, '--dry-run')).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(socket)).toBe(true);
    expect(await vmlet(...flags, '--', 'true')).toMatchObject({ status: 0 });
  });

  it('keeps its image from being removed', async () => {
    const { status, stderr } = await vmlet('image', 'rm', 'micro');
    expect(status).toBe(125);
    expect(stderr).toMatch(new RegExp(`^vmlet: image "micro" is in use by .*template "${name}"`));
  });

  it('is created again only on request, or if its definition has changed', async () => {
    const flags = ['--run', 'true'];
    const refused = await create(name, ...flags);
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toMatch(/template ".*" already exists\n {2}choose another name, .*--replace/);
    const other = `${name}-other`;
    try {
      expect(await create(other, ...flags)).toMatchObject({ status: 0 });
      const first = await inspect(other);
      expect(await create(other, ...flags, '--reuse')).toMatchObject({ status: 0, stdout: `${other}\n` });
      expect((await inspect(other)).directory).toBe(first.directory);
      expect(await create(other, '--run', 'false || true', '--reuse')).toMatchObject({ status: 0 });
      const second = await inspect(other);
      expect(second.directory).not.toBe(first.directory);
      // As after an update of QEMU and vmlet.
      const path = join(second.directory, 'template.json');
      const record = readFileSync(path, 'utf8');
      writeFileSync(path, record.replaceAll(/"(QEMU|hardware)": ".*"/g, '"$1": "another"'));
      expect((await inspect(other)).problems).toEqual([
        expect.stringMatching(/^QEMU was another and is now \d/),
        'vmlet now gives the guest different virtual devices',
      ]);
      expect((await vmlet('template', 'ls')).stdout).toMatch(new RegExp(`^${other} .* stale$`, 'm'));
      const run = await vmlet('run', '--template', other, '--', 'true');
      expect(run).toMatchObject({ status: 125, stdout: '' });
      expect(run.stderr).toMatch(/is stale: QEMU was another and is now .*\n {2}create the template again/);
      writeFileSync(path, '{');
      expect((await vmlet('template', 'ls')).stdout).toMatch(new RegExp(`^${other} .* damaged$`, 'm'));
      expect((await vmlet('run', '--template', other, '--', 'true')).stderr).toMatch(/is corrupt/);
      expect((await create(other, ...flags)).stderr).toMatch(/is corrupt/);
      expect(await create(other, ...flags, '--reuse')).toMatchObject({ status: 0, stdout: `${other}\n` });
      expect((await inspect(other)).problems).toEqual([]);
    } finally {
      expect(await vmlet('template', 'rm', other)).toMatchObject({ status: 0, stdout: `${other}\n` });
    }
  });

  it('is not created when its warm-up fails or it is interrupted', async () => {
    const failed = await create('broken', '--run', 'echo no such thing >&2; exit 3');
    expect(failed).toMatchObject({ status: 125, stdout: '' });
    expect(failed.stderr).toBe(
      'vmlet: in the guest, "echo no such thing >&2; exit 3" exited with status 3; stderr:\n  | no such thing\n' +
        '  correct the command, then create the template again: each command of --run must exit with status 0\n',
    );
    const silent = await create('broken', '--run', 'false');
    expect(silent.stderr).toContain('in the guest, "false" exited with status 1 and printed nothing\n');
    const ended = await create('broken', '--run', 'echo hello; kill -9 $$');
    expect(ended.stderr).toContain('was killed by SIGKILL; stdout:\n  | hello\n');
    const making = start([
      'template',
      'create',
      'broken',
      '--run',
      'echo waits > /dev/console; sleep 1000',
      '--console',
    ]);
    await until(() => making.stderr().includes('waits'));
    making.process.kill('SIGINT');
    expect(await making.finished).toMatchObject({ status: 130, stdout: '' });
    const shelf = dirname((await inspect(name)).directory);
    const ofTheirs = readdirSync(shelf).filter((entry) => entry.includes(`-${making.process.pid}-`));
    expect(ofTheirs).toEqual([]);
    expect((await vmlet('template', 'ls', '-q')).stdout.split('\n')).not.toContain('broken');
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a missing template', ['run', '--template', 'nowhere', 'true'], /^vmlet: no such template: nowhere$/m],
    [
      'an invalid name',
      ['run', '--template', '../x', 'true'],
      /^vmlet: invalid value "\.\.\/x" for --template: /m,
    ],
    [
      'a flag that the template decides',
      ['run', '--template', 'x', '-m', '1G', 'true'],
      /cannot be used together with --memory/,
    ],
    [
      'two ways to treat an existing one',
      ['template', 'create', 'x', '--replace', '--reuse'],
      /together with --reuse/,
    ],
    [
      'a missing warm-up script',
      ['template', 'create', 'x', '--run', '@/nowhere'],
      /--run \/nowhere: no such file/,
    ],
    ['the removal of a missing template', ['template', 'rm', 'nowhere'], /no such template: nowhere/],
  ])('rejects %s', async (_what, args, message) => {
    const { status, stdout, stderr } = await vmlet(...args);
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('is offered by completion', () => {
    const completed = execFileSync(
      process.execPath,
      [VMLET, '__complete', '--', 'run', '--template', name.slice(0, 6)],
      {
        encoding: 'utf8',
      },
    );
    expect(completed).toContain(name);
  });
});
