import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VERBS, loadVerb } from '../../../src/cli/commands.ts';
import { ALIASES } from '../../../src/cli/help/aliases.ts';
import { main } from '../../../src/cli/main.ts';
import { OPTIONAL_SUBCOMMANDS } from '../../../src/cli/program.ts';
import { adviceOn, habits } from '../../../src/cli/help/habits.ts';
import { temporaryDirectory } from '../../directory.ts';
import { pages } from '../../documents.ts';
import { storedMachine } from '../machines/stored-machine.ts';

const directory = temporaryDirectory();

let printed = '';
beforeEach(() => {
  printed = '';
  vi.stubEnv('XDG_DATA_HOME', directory);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

async function type(...words: string[]): Promise<{ status: unknown; stderr: string }> {
  await main(words, '1');
  return { status: process.exitCode, stderr: printed };
}

it.each(Object.entries(OPTIONAL_SUBCOMMANDS))('knows the subcommands of %s', async (verb, words) => {
  const command = await loadVerb(verb);
  expect(command?.commands.map((child) => child.name()).sort()).toEqual([...words].sort());
});

/** Commands of other programs, and the answer: destructive commands are not spelled out, only their help. */
const ADVISED: readonly [string, RegExp][] = [
  ['build', /vmlet image build/],
  ['checkpoint', /vmlet save NAME;.*vmlet snapshot create NAME SNAPSHOT/],
  ['compose', /vmlet network create NETWORK, then vmlet create/],
  ['container', /leave out the word "container".*vmlet ls/],
  ['define', /vmlet create/],
  ['delete', /vmlet rm --help/],
  ['destroy', /vmlet stop NAME.*vmlet kill --help.*vmlet rm --help/],
  ['df', /vmlet system df/],
  ['dominfo', /vmlet inspect/],
  ['edit', /vmlet set/],
  ['history', /vmlet image inspect/],
  ['import', /vmlet image import/],
  ['init', /vmlet create NAME --image IMAGE/],
  ['launch', /vmlet create NAME --image IMAGE --start/],
  ['list', /vmlet ls/],
  ['nodeinfo', /: vmlet info$/m],
  ['pool-list', /vmlet volume ls/],
  ['prune', /vmlet system prune --dry-run/],
  ['reboot', /vmlet restart/],
  ['shutdown', /vmlet stop/],
  ['tag', /vmlet image tag/],
  ['top', /vmlet stats/],
  ['undefine', /vmlet rm --help/],
  ['up', /vmlet start/],
  ['uri', /: vmlet info$/m],
  ['vm', /leave out the word "vm".*vmlet ls/],
];

/** The words of the tables, such as `virsh domblklist`. */
const WRITTEN = pages('docs/from-podman.md', 'docs/from-virsh.md', 'docs/from-lima-and-vagrant.md').flatMap(
  ({ text }) =>
    [...text.matchAll(/`(?:podman|virsh|limactl|vagrant) ([a-z-]+)(?=[ `])/g)].map(([, word = '']) => word),
);

describe('a command of another program', () => {
  it('is answered if the documents have it', async () => {
    expect(WRITTEN.length).toBeGreaterThan(80);
    const foreign = [...new Set(WRITTEN)].filter(
      (word) => !Object.hasOwn(VERBS, word) && !Object.hasOwn(ALIASES, word),
    );
    for (const word of foreign) {
      printed = '';
      await type(word);
      expect.soft(printed, word).toMatch(/^vmlet: no such command: .*\n {2}(?!to list commands)/);
    }
  });

  it.each(ADVISED)('%s gets the equivalent command as a hint', async (word, advice) => {
    const { status, stderr } = await type(word, 'm');
    expect(status).toBe(125);
    expect(stderr).toContain(`vmlet: no such command: ${word}\n`);
    expect(stderr).toMatch(advice);
  });

  it('gets the commands for a disk of a removed machine that the manual has', () => {
    const manual = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8');
    // The disk of an image has a backing file, and that of micro has only /data.
    for (const options of ['--image FILE,trusted --adopt', '--image micro --disk FILE,adopt']) {
      expect(adviceOn('recover')).toContain(`vmlet create NAME ${options}`);
      expect(manual).toContain(`vmlet create NAME ${options}`);
    }
  });

  it('never gets a destructive command as a hint', () => {
    const losing = /vmlet (rm|kill|reset|restore|system prune)\b(?! (--help|--dry-run))/;
    for (const { advice } of habits()) expect(advice).not.toMatch(losing);
  });

  it.each([
    [['strat', 'm'], 'did you mean: vmlet start'],
    [['ststs'], 'did you mean: vmlet stats'],
    [['image', 'lst'], 'did you mean: vmlet image ls'],
    [['image', 'rmm'], 'to list commands: vmlet image --help'],
    [['rmm', 'm'], 'to list commands: vmlet --help'],
    [['kil', 'm'], 'to list commands: vmlet --help'],
    [['resett', 'm'], 'to list commands: vmlet --help'],
  ])('%j, mistyped, gets the hint %s', async (words, answer) => {
    const { status, stderr } = await type(...words);
    expect(status).toBe(125);
    expect(stderr).toContain(`\n  ${answer}\n`);
  });
});

describe('a subcommand of another program', () => {
  it.each([
    [['volume', 'list'], 'did you mean: vmlet volume ls'],
    [['image', 'show', 'web'], 'did you mean: vmlet image inspect'],
    [['network', 'delete', 'lan'], 'see: vmlet network rm --help'],
    [['cd', 'remove', 'm'], 'see: vmlet cd rm --help'],
    [['system', 'info'], 'to show host resources and program versions: vmlet info'],
    // No machine has this name.
    [['snapshot', 'list', 'm'], 'did you mean: vmlet snapshot ls'],
    [['port', 'list', 'm'], 'did you mean: vmlet port ls'],
    [['port', 'list'], 'did you mean: vmlet port ls'],
  ])('%j gets the hint %s', async (words, answer) => {
    const { status, stderr } = await type(...words);
    expect(status).toBe(125);
    expect(stderr).toBe(`vmlet: no such command: ${words.slice(0, 2).join(' ')}\n  ${answer}\n`);
  });

  it.each(['rm', 'ls', 'list', 'delete'])('is not a snapshot: snapshot m %s', async (word) => {
    const { status, stderr } = await type('snapshot', '--disks-only', 'm', word);
    expect(status).toBe(125);
    expect(stderr).toMatch(`vmlet: snapshot: "${word}" looks like a command\n`);
    expect(stderr).toMatch(`: vmlet snapshot create m ${word}\n`);
  });

  it('is a snapshot after the word create', async () => {
    const { stderr } = await type('snapshot', 'create', 'm', 'rm');
    expect(stderr).toContain('no such machine: m');
  });

  it('is the name of a machine that exists', async () => {
    storedMachine(directory, { name: 'list' });
    const { stderr } = await type('snapshot', 'list', 'ls');
    expect(stderr).toContain('"ls" looks like a command');
  });
});

describe('an option or argument of another command', () => {
  it.each([
    [['set', 'm', '-p', '80:80'], 'unknown option: -p\n  to forward a port: vmlet port add '],
    [['set', '--publish=80:80', 'm'], 'unknown option: --publish=80:80\n  to forward a port: '],
    [
      ['set', 'm', '--disk-size', '40G'],
      'unknown option: --disk-size\n  to resize a disk: vmlet disk resize ',
    ],
    [['--color', 'never', 'set', 'm', '--protect'], 'unknown option: --protect\n  to protect a machine: '],
    [
      ['run', '--location', 'debian.iso', 'micro'],
      'unknown option: --location\n  to install by the kernel of an installer: vmlet create NAME --location ',
    ],
    [['set', 'm', '--zzzzzzzz'], 'unknown option: --zzzzzzzz\n(see --help)\n'],
    [['port', 'add', 'm', '--protect'], 'unknown option: --protect\n(see --help)\n'],
    [
      ['create', 'm', 'micro'],
      'too many arguments for create: expected 1, got 2\n  the image is an option: ',
    ],
    [['disk', 'resize', 'm', 'disk0', '-500M'], 'unknown option: -500M\n  to make a disk smaller, '],
  ])('%j', async (words, answer) => {
    const { status, stderr } = await type(...words);
    expect(status).toBe(125);
    expect(stderr).toContain(`vmlet: ${answer}`);
  });
});

describe('inspect', () => {
  it('prints what it found of several names, and fails', async () => {
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    storedMachine(directory, { name: 'a' });
    const { status, stderr } = await type('inspect', 'nope', 'a', '--format', '{{.Name}}');
    expect(stdout.mock.calls).toEqual([['a\n']]);
    expect(stderr).toBe('vmlet: no such machine: nope\n  list machines with: vmlet ls\n');
    expect(status).toBe(125);
  });

  it.each([['inspect'], ['volume', 'inspect']])(
    'prints nothing if nothing is found: %j',
    async (...words) => {
      const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
      const { status, stderr } = await type(...words, 'nope', 'neither');
      expect(stdout).not.toHaveBeenCalled();
      expect(stderr).toMatch(/: nope\n[^]*: neither\n/);
      expect(status).toBe(125);
    },
  );
});

describe('invalid values', () => {
  it.each([
    [['create', 'port'], 'invalid name "port": "port" is a command of vmlet'],
    [['create', 'restore'], 'invalid name "restore": '],
    [['rename', 'm', 'ps'], 'invalid name "ps": '],
    [['clone', 'm', 'ls'], 'invalid name "ls": '],
    [['stop', '-t', 'soon', 'm'], 'invalid value "soon" for --timeout: '],
    [['logs', '--tail', 'x', 'm'], 'invalid value "x" for --tail: '],
    [['ls', '--filter', 'x'], 'invalid value "x" for --filter: expected name=TEXT, '],
    [['run', '--limit', 'x', 'micro'], 'invalid value "x" for --limit: expected cpus=NUMBER, '],
    [['run', '--limit', 'cpus=x', 'micro'], 'invalid value "cpus=x" for --limit: expected '],
    [['run', '--file', 'a', 'micro'], 'invalid value "a" for --file: expected FILE:GUEST[:MODE] '],
    [['stop'], 'machines: missing'],
    [['stop', '-a', 'm'], '--all: cannot be used together with names'],
    [
      ['ls', '--filter', 'state=foo'],
      '--filter: no such state: foo\n  use one of running, paused, stopped, ',
    ],
    [['qmp', 'm', 'query-status', '--timeout', '5x'], 'invalid value "5x" for --timeout: '],
    [['ls', '--format', '{{Name}}'], '--format: invalid template "{{Name}}"'],
    [['stats', '--format', '{{Name}}'], '--format: invalid template "{{Name}}"'],
    [['search', '--format', '{{.Nothing}}'], '--format: no such field: .Nothing'],
    [['run', '-d', 'micro'], '--detach: missing command'],
    [['screenshot', 'm', 'a.JPG'], 'file: vmlet writes PNG, and a.JPG has the ending of another format'],
    [['screenshot', 'm', 'a.ppm'], 'file: vmlet writes PNG'],
    [['screenshot', 'm', 'a.png'], 'no such machine: m'],
    [['run', '-dt', 'micro', 'true'], '--detach: cannot be used together with --tty'],
    [['run', '-d', '--fresh', 'micro', 'true'], '--detach: cannot be used together with --fresh'],
    // Not an option of named machines.
    [['run', '-d', '--modules', 'x', 'micro', 'true'], '--detach: cannot be used together with --modules'],
    [
      ['run', '-d', '--boot-timeout', '5', 'micro', 'true'],
      '--detach: cannot be used together with --boot-timeout',
    ],
    [['run', '-d', '--name', 'port', 'micro', 'true'], '--name: "port" is a command of vmlet'],
    [['run', 'micro', '-d', '--name', 'ls', '--', 'true'], '--name: "ls" is a command of vmlet'],
    [['exec', '-d', 'm'], '--detach: missing command'],
    [['exec', '-dt', 'm', 'true'], '--detach: cannot be used together with --tty'],
  ])('%j', async (words, problem) => {
    const { status, stderr } = await type(...words);
    expect(status).toBe(125);
    expect(stderr).toContain(`vmlet: ${problem}`);
  });
});
