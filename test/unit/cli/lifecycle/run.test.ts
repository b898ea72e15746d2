import { describe, expect, it } from 'vitest';
import { isPooledRun, runCommand } from '../../../../src/cli/lifecycle/run.ts';

describe('a run in a pool', () => {
  it.each([
    ['--pool p true'],
    ['--pool=p -- true --memory 1G'],
    ['-it -e A=b -u 1:2 -w /tmp --pool p --timeout 5s --no-die-with-parent sh'],
  ])('does without the flags of machines: %s', async (line) => {
    const words = line.split(' ');
    expect(isPooledRun(words)).toBe(true);
    const { options } = await runCommand(words);
    expect(options.map(({ long }) => long)).not.toContain('--memory');
  });

  it.each([
    ['micro true'],
    // Completion and help show all flags.
    ['--pool p'],
    ['--pool p --help'],
    ['--pool'],
    ['--pool p --memory 1G true'],
    ['--pool p --renew true'],
    ['--pool p --detach true'],
    ['--pool p --timeout x true'],
    ['micro --pool p'],
  ])('has all flags when it may need them: %s', async (line) => {
    const words = line.split(' ');
    expect(isPooledRun(words)).toBe(false);
    const { options } = await runCommand(words);
    expect(options.map(({ long }) => long)).toContain('--memory');
  });
});
