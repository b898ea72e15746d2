import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ensureMicro } from '../../../src/images/micro/micro.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import { type Finished, VMLET } from '../command.ts';
import { makeHome } from './home.ts';

const home = await makeHome();
afterAll(async () => home.close());

/** The whole output of a command that must fail, without a machine. */
async function refusal(...args: string[]): Promise<Finished['stderr']> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  expect({ status, stdout }).toStrictEqual({ status: 125, stdout: '' });
  return stderr;
}

describe('a guest larger than its host', () => {
  const tooLarge = /^vmlet: --memory: 900 GiB exceeds the memory of the host \([\d.]+ GiB, /;

  it('is rejected before it starts', async () => {
    expect(await refusal('run', '--memory', '900G', 'micro', '--', 'true')).toMatch(tooLarge);
    expect(await refusal('run', '--dry-run', '--memory', '900G', 'micro')).toMatch(tooLarge);
  });

  it('can be neither created nor configured', async () => {
    expect(await refusal('create', 'large', '--image', 'micro', '--memory', '900G')).toMatch(tooLarge);
    expect(home.machines()).toStrictEqual([]);
    await home.store.create({ name: 'small', image: 'micro' });
    expect(await refusal('set', 'small', '--memory', '900G')).toMatch(tooLarge);
    expect(home.store.get('small').spec.memoryBytes).toBe(256 * 1024 ** 2);
  });
});

it('micro with too little memory to boot can be neither created nor configured', async () => {
  await ensureMicro({ store: join(home.path, 'data/vmlet/images'), agentPath: agentProgram() });
  const tooSmall = /^vmlet: (-m|--memory): 64 MiB is too small: .*\n {2}give more memory, such as 256M\n$/;
  expect(await refusal('create', 'tiny', '--image', 'micro', '-m', '64M')).toMatch(tooSmall);
  expect(home.machines()).not.toContain('tiny');
  const { spec } = await home.store.create({ name: 'tight', image: 'micro', memory: '128M' });
  expect(await refusal('set', 'tight', '--memory', '64M')).toMatch(tooSmall);
  expect(home.store.get('tight').spec).toEqual(spec);
});

it('memory without a unit gets a suggestion', async () => {
  expect(await refusal('run', '--memory', '2048', 'micro', '--', 'true')).toMatch(
    /^vmlet: --memory: 2048 means 2048 bytes; did you mean 2048M\?\n/,
  );
});

it('words for the kernel of a disk, which they would not reach, are rejected', async () => {
  const disk = join(home.path, 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, 1024 ** 2);
  const file = `${disk},format=raw`;
  for (const words of [
    ['run', '--append', 'quiet', file],
    ['run', '--dry-run', '--append', 'quiet', file],
    ['template', 'create', 'warm', '--append', 'quiet', '--image', file],
  ]) {
    expect(await refusal(...words)).toMatch(
      /^vmlet: --append: the machine boots from a disk, whose boot loader sets the kernel command line\n/,
    );
  }
});

/** The data of a kind, without locks and working directories. */
const inData = (...path: string[]): string[] => {
  const directory = join(home.path, 'data', 'vmlet', ...path);
  return existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('.')) : [];
};

describe('output that cannot be written', () => {
  it.each([
    ['stdout', ['info']],
    ['stderr', ['inspect', 'nope']],
  ] as const)('ends the command quietly when nobody reads %s', async (stream, words) => {
    const started = home.start(words);
    started.process[stream]?.destroy();
    expect(await started.finished).toEqual({ status: 141, signal: undefined, stdout: '', stderr: '' });
  });

  it('is reported when the disk is full', () => {
    const line = 'exec "$0" "$@" >/dev/full';
    const command = spawnSync('sh', ['-c', line, process.execPath, VMLET, 'info'], {
      encoding: 'utf8',
      env: home.environment,
    });
    expect([command.status, command.stderr]).toEqual([
      125,
      expect.stringMatching(/^vmlet: .*no space left on device.*\n$/),
    ]);
  });
});

describe('a mistake on the command line is one sentence that names what was typed, and leaves nothing:', () => {
  it.each<[string[], string]>([
    [['frobnicate'], 'no such command: frobnicate'],
    [['help', 'frobnicate'], 'no such command: frobnicate'],
    [['image', 'help', 'frobnicate'], 'no such command: image frobnicate'],
    [['--color', 'maybe', 'ls'], 'invalid value "maybe" for --color: expected auto, always or never'],
    [['doctor', 'extra'], 'too many arguments for doctor: expected 0, got 1'],
    [['completion', 'csh'], 'invalid shell "csh": expected bash, zsh or fish'],
    [['image', 'build', 'debain:13'], 'distribution: cannot build debain from packages'],
    [['image', 'build', 'debian:13'], '--output: a name is required'],
    [['image', 'build', 'debian:13', '-o', 'A b'], '-o: invalid image name "A b"'],
    [['image', 'build', 'micro', '--kernel', './nope'], '--kernel ./nope: no such file'],
    [['image', 'build', 'micro', '--busybox', '/tmp'], '--busybox: /tmp is a directory'],
    [['image', 'build', '--from', 'debian:13', '--cpus', '0'], '--cpus: 0: expected at least 1'],
    [['image', 'rm', 'nope'], 'no such image: nope'],
    [['image', 'tag', 'nope', 'x'], 'no such image: nope'],
    [['image', 'import', './nope', 'x'], 'path: no such file: '],
    [['pull'], 'missing argument: references'],
    [['pull', 'http://127.0.0.1:1/x.qcow2'], '--name: required for an image from a URL'],
    [['run'], 'image: missing'],
    [['run', 'nope'], 'no such image: nope'],
    [['run', 'debian:99', 'true'], 'no such image: debian:99'],
    [['run', './nope.img'], 'image: no such file: ./nope.img'],
    [['run', '--frobnicate', 'micro'], 'unknown option: --frobnicate'],
    [['run', '--dry-run', '--network', 'lan', 'micro'], '--network: cannot be used with --dry-run, because '],
    [['run', '--dry-run', '--net', 'lan', 'micro'], '--net: cannot be used with --dry-run, because '],
    [['run', '--json', 'micro'], '--json: requires --dry-run'],
    [['run', '--disk', './nope.img', 'micro'], '--disk ./nope.img: no such file'],
    [['run', '--disk', '100', 'micro'], '--disk: 100 means 100 bytes; did you mean 100M or 100G?'],
    [['run', '--cpus', '0', 'micro'], '--cpus: 0: expected at least 1'],
    [['run', '--cpus', '1.5', 'micro'], 'invalid value "1.5" for --cpus: expected a whole number'],
    [['run', '--accel', 'xen', 'micro'], '--accel: "xen": expected auto, kvm or tcg'],
    [['run', '--kernel', ''], '--kernel: "": must not be empty'],
    [
      ['run', '--hostname', 'h', 'micro'],
      '--hostname: requires a disk, but this machine boots a kernel directly',
    ],
    [
      ['run', '--name', 'A b', 'micro'],
      '--name: "A b": expected at most 63 letters, digits and hyphens, and no hyphen at either end',
    ],
    [['run', '--timeout', '0', 'micro'], 'invalid value "0" for --timeout: expected a positive duration '],
    [['run', '-p', 'foo', 'micro'], '-p: invalid port "foo": expected 1 to 65535, '],
    [['run', '-p', '80/sctp', 'micro'], '-p: invalid protocol "sctp" in "80/sctp": expected tcp or udp'],
    [['run', '-p', '80:80:80:80', 'micro'], '-p: invalid port "80:80:80:80": too many colons; '],
    [['run', '-v', './nope:/x', 'micro'], '-v: no such directory: '],
    [['run', '-v', '/tmp', 'micro'], '-v: the path in the guest is missing: "/tmp"'],
    [['run', '-v', '/tmp:x', 'micro'], '-v: not an absolute path in the guest: "x"'],
    [['run', '--mount', 'type=foo,target=/x', 'micro'], '--mount: unknown type of mount: foo'],
    [['run', '-e', '=x', 'micro', 'true'], '-e: no variable name in "=x"'],
    [['run', '--net', 'foo', 'micro'], 'no such network: foo'],
    [['run', '--net', 'bridge=br0', 'micro'], '--net: "bridge=br0": expected auto, passt, slirp or none'],
    [['run', '--net', 'FOO', 'micro'], '--net: invalid network name "FOO"'],
    [['run', '--network', 'nope', 'micro'], 'no such network: nope'],
    [['run', '--template', 'nope', 'true'], 'no such template: nope'],
    [['run', '--pool', 'nope', 'true'], 'no such pool: nope'],
    [['run', '--limit', 'memory=5', 'micro'], '--limit: 5 means 5 bytes; did you mean 5M?'],
    [['run', '--limit', 'x', 'micro'], 'invalid value "x" for --limit: expected cpus=NUMBER, '],
    [['create'], 'missing argument: name'],
    [['create', 'x'], '--image: machine "x" has nothing to boot from'],
    [
      ['create', 'a/b', '--image', 'micro'],
      'name: invalid machine name "a/b": expected at most 63 letters, ',
    ],
    [['create', 'x', '--image', './nope.img'], '--image ./nope.img: no such file'],
    [['create', 'x', '--location', './nope'], '--location ./nope: no such file'],
    [['create', 'x', '--image', 'micro', '--net', 'bridge=absent'], '--net: no such bridge: absent'],
    [['create', 'x', '--image', 'micro', '--firmware', 'efi'], '--firmware: "efi": expected bios, '],
    [['create', 'x', '--image', 'micro', '--display', 'sdl'], '--display: "sdl": expected vnc or none'],
    [
      ['create', 'x', '--image', 'micro', '--net', 'none', '--network', 'auto'],
      '--network: the first network card is set twice: none, auto',
    ],
    [
      ['create', 'x', '--image', 'micro', '--net', 'bridge=absent', '--network', 'lan'],
      '--net: no such bridge: absent',
    ],
    [['template', 'create', 'x', '--net', 'lan'], '--net: "lan": expected auto, passt, slirp or none'],
    [['create', 'x', '--template', 'nope'], 'no such template: nope'],
    [['start', '--json', 'nope'], '--json: requires --dry-run'],
    [['start', 'nope'], 'no such machine: nope'],
    [['start', '--dry-run', 'a', 'b'], '--dry-run: requires exactly one machine, not 2'],
    [['start', '--dry-run', '--paused', 'a'], '--dry-run: cannot be used together with --paused'],
    [['start', '--dry-run', '--discard-saved', 'a'], '--dry-run: cannot be used together with --discard-s'],
    [['port', 'rm', 'nope', '8080', '--all'], '--all: cannot be used together with ports'],
    [['rename', 'nope', 'x'], 'no such machine: nope'],
    [['clone', 'nope', 'x'], 'no such machine: nope'],
    [['exec', 'nope', 'true'], 'no such machine: nope'],
    [['ssh', '--print-key', 'nope'], 'no such machine: nope'],
    [['ssh', '--print-key', 'nope', '--', 'uptime'], '--print-key: cannot be used together with a command'],
    [['ssh', '--print-key', '--provision', 'nope'], '--print-key: cannot be used together with --provision'],
    [
      ['ssh', '--print-key', '--timeout', '5s', 'nope'],
      '--print-key: cannot be used together with --timeout',
    ],
    [['ssh', '--print-key', '--stdio', 'nope'], '--print-key: cannot be used together with --stdio'],
    [['ssh', '--stdio', 'nope', '--', 'uptime'], '--stdio: cannot be used together with a command'],
    [['ssh', '--stdio', '--provision', 'nope'], '--stdio: cannot be used together with --provision'],
    [['ssh', '--stdio', '--tty', 'nope'], '--stdio: cannot be used together with --tty'],
    [['wait', 'nope'], 'no such machine: nope'],
    [['wait', 'nope', '--for', 'foo'], 'invalid value "foo" for --for: expected running, agent, '],
    [['cp', 'a', 'b'], 'cp: neither source nor target is in a machine (NAME:/PATH)'],
    [['sync', '.', 'nope'], 'invalid value "nope" for guest-path: expected NAME:/PATH'],
    [['logs', '--source', 'foo', 'nope'], 'invalid value "foo" for --source: expected serial, command, '],
    [['logs', '--since', 'yesterday', 'nope'], 'invalid value "yesterday" for --since: expected a duration '],
    [['inspect', 'nope'], 'no such machine: nope'],
    [['network', 'rm', 'nope'], 'no such network: nope'],
    [['network', 'create', 'L an'], 'name: invalid network name "L an": expected at most 32 lower-case '],
    [['network', 'create', 'x', '--subnet', '10.0.0.0/40'], '--subnet: invalid subnet "10.0.0.0/40": '],
    [['network', 'partition', 'nope', 'a'], 'no such network: nope'],
    [['network', 'capture', 'nope'], 'missing option: --output'],
    [['volume', 'create', 'v', '--size', 'big'], '--size: invalid size "big"'],
    [['volume', 'rm', 'nope'], 'no such volume: nope'],
    [['template', 'rm', 'nope'], 'no such template: nope'],
    [['pool', 'rm', 'nope'], 'no such pool: nope'],
    [
      ['pool', 'serve', 'p', '--template', 'nope', '--console'],
      '--template: cannot be used together with --console',
    ],
    [['system', 'prune', '--frob'], 'unknown option: --frob'],
    [['ls', '--filter', 'state'], 'invalid value "state" for --filter: expected name=TEXT, '],
    [['info', '--format', '{{.X}}'], '--format: no such field: .X'],
    [['qmp', 'nope'], 'no such machine: nope'],
    [['qmp', 'nope', 'query-status'], 'no such machine: nope'],
    [['qmp', './nope'], 'cannot connect to ./nope: no such socket'],
  ])('%j', async (args, words) => {
    const machines = home.machines();
    const [sentence = '', ...hints] = (await refusal(...args)).trimEnd().split('\n');
    expect(sentence.slice(0, 'vmlet: '.length + words.length)).toBe(`vmlet: ${words}`);
    expect(sentence).not.toMatch(/[.:]$|VMLET_|Error\b|undefined|\[object/);
    expect(hints.length).toBeLessThanOrEqual(1);
    expect(hints.join()).toMatch(/^( {2}\S.*[^.]|\(see --help\))?$/);
    expect(home.processes()).toEqual([]);
    for (const kind of ['networks', 'volumes', 'templates', 'disks']) expect(inData(kind)).toEqual([]);
    expect(home.machines()).toEqual(machines);
  });

  it('settings of a machine, and qmp of one that does not run', async () => {
    await home.store.create({ name: 'idle', image: 'micro' });
    expect(await refusal('set', 'idle', '--net', 'bridge=absent')).toMatch(
      /^vmlet: --net: no such bridge: absent/,
    );
    expect(await refusal('set', 'idle')).toMatch(
      /^vmlet: setting: missing\n {2}give at least one, for example: /,
    );
    expect(await refusal('qmp', 'idle', 'query-status')).toBe(
      'vmlet: machine "idle" is not running\n  start it first: vmlet start idle\n',
    );
  });

  it('a start without the file of a disk, which can then be removed', async () => {
    const machine = await home.store.create({ name: 'torn', image: 'micro' });
    const file = join(machine.files.storage, 'disk0.qcow2');
    rmSync(file);
    expect(await refusal('start', 'torn')).toBe(
      `vmlet: disk0: no such file: ${file}\n` +
        '  restore the file; to start machine "torn" without the disk: vmlet disk rm torn disk0\n',
    );
    await expect(machine.checkDirectories()).rejects.toThrow(`disk0: no such file: ${file}`);
    expect((await home.vmlet('disk', 'ls', 'torn')).stdout).toContain(` no such file: ${file}`);
    expect(await home.vmlet('disk', 'rm', 'torn', 'disk0')).toMatchObject({ status: 0, stderr: '' });
  });
});
