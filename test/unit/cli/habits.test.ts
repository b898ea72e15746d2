import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadVerb } from '../../../src/cli/commands.ts';
import { main } from '../../../src/cli/main.ts';
import { OPTIONAL_SUBCOMMANDS } from '../../../src/cli/program.ts';
import { ADVICE } from '../../../src/cli/help/unknown-command.ts';

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
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
  ['container', /leave out the word "container".*vmlet ls/],
  ['define', /vmlet create/],
  ['delete', /vmlet rm --help/],
  ['destroy', /vmlet stop NAME.*vmlet kill --help/],
  ['df', /vmlet system df/],
  ['dominfo', /vmlet inspect/],
  ['edit', /vmlet set/],
  ['history', /vmlet image inspect/],
  ['launch', /vmlet create NAME --image IMAGE --start/],
  ['list', /vmlet ls/],
  ['prune', /vmlet system prune --dry-run/],
  ['reboot', /vmlet restart/],
  ['shutdown', /vmlet stop/],
  ['tag', /vmlet image tag/],
  ['top', /vmlet stats/],
  ['undefine', /vmlet rm --help/],
  ['up', /vmlet start/],
  ['vm', /leave out the word "vm".*vmlet ls/],
];

describe('a command of another program', () => {
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
      expect(ADVICE['recover']).toContain(`vmlet create NAME ${options}`);
      expect(manual).toContain(`vmlet create NAME ${options}`);
    }
  });

  it('never gets a destructive command as a hint', () => {
    const losing = /vmlet (rm|kill|reset|restore|system prune)\b(?! (--help|--dry-run))/;
    for (const [word, advice] of Object.entries(ADVICE)) expect(advice, word).not.toMatch(losing);
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
