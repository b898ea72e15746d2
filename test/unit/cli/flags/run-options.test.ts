import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { forkOptions, refuseMachineFlags } from '../../../../src/cli/flags/refused-flags.ts';
import { type RunFlags, readLaterOptions, splitWords } from '../../../../src/cli/flags/run-options.ts';

function command(): Command {
  return new Command('run').option('--kernel <file>').option('-m, --memory <size>').passThroughOptions();
}

describe('options after the image', () => {
  it.each([
    [['host', '--kernel', 'K', '--', 'dmesg', '-w'], { kernel: 'K' }, ['host', '--', 'dmesg', '-w']],
    [['micro', '-m', '1G', '--', '--', 'x'], { memory: '1G' }, ['micro', '--', '--', 'x']],
    [['micro', '-m1G', '--'], { memory: '1G' }, ['micro', '--']],
  ])('are parsed if they precede --: %j', (words, flags, others) => {
    const run = command();
    expect(readLaterOptions(run, words, {})).toEqual(others);
    expect(run.opts()).toEqual(flags);
  });

  it.each([
    [[]],
    [['micro']],
    [['micro', 'ls', '-m', '--']],
    [['micro', '--', '-m', '1G']],
    [['micro', '-m', '1G']],
  ])('are not parsed in %j', (words) => {
    const run = command();
    expect(readLaterOptions(run, words, {})).toEqual(words);
    expect(run.opts()).toEqual({});
  });

  it.each<[RunFlags]>([[{ template: 't' }], [{ pool: 'p' }], [{ kernel: 'K' }]])(
    'belong to the command if no image is expected: %j',
    (flags) => {
      const run = command();
      const words = ['grep', '-m', '1', '--', 'x', 'file'];
      expect(readLaterOptions(run, words, flags)).toEqual(words);
      expect(run.opts()).toEqual({});
    },
  );

  it('are rejected if unknown', () => {
    expect(() => readLaterOptions(command(), ['micro', '--nope', '--', 'x'], {})).toThrow(
      '--nope: unknown option',
    );
  });
});

describe('positional arguments', () => {
  const split = (words: readonly string[], flags: RunFlags = {}) => splitWords(words, flags);

  it('are an image and a command', () => {
    expect(split(['micro', '--', 'ls', '--'])).toEqual({ image: 'micro', command: ['ls', '--'] });
    expect(split(['host', 'ls'])).toEqual({ image: 'host', command: ['ls'] });
    expect(() => split([])).toThrow(InvalidInputError);
  });

  it("are only the command with a kernel or template, unless the host's system boots", () => {
    expect(split(['ls', 'host'], { kernel: 'K' })).toEqual({ command: ['ls', 'host'] });
    expect(split(['host', '--', 'ls'], { kernel: 'K' })).toEqual({ image: 'host', command: ['ls'] });
    expect(split(['host'], { template: 't' })).toEqual({ command: ['host'] });
    expect(split([], { kernel: 'K' })).toEqual({ command: [] });
  });
});

describe('options of the machine together with --template', () => {
  it.each([
    [{ memory: '1G' }, 'leave out --memory, or create another template with --memory'],
    [{ fresh: true }, 'leave out --fresh'],
    [{ renew: true }, 'leave out --renew'],
  ])('are rejected with a hint that helps: %j', (flags, hint) => {
    expect(() => forkOptions(flags)).toThrow(expect.objectContaining({ hint }) as Error);
  });
});

describe('flags of a machine that exists already', () => {
  it.each<[object, string[], string]>([
    [{ network: ['lan'] }, ['run', '--pool', 'p', '--net', 'lan'], '--net'],
    [{ network: ['lan'] }, ['run', '--pool', 'p', '--network=lan'], '--network'],
    [{ memory: '1G' }, ['run', '-m1G', '--pool', 'p'], '-m'],
    [{ template: 't' }, ['run', '--template', 't', '--pool', 'p'], '--template'],
  ])('are rejected as typed: %j of %j is %s', (flags, args, typed) => {
    expect(() => refuseMachineFlags('--pool', flags, ['template'], args)).toThrow(
      `--pool: cannot be used together with ${typed}`,
    );
  });
});
