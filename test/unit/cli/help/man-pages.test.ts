import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { manPages } from '../../../../src/cli/help/man-pages.ts';
import { VERBS } from '../../../../src/cli/commands.ts';
import { programFor } from '../../../../src/cli/program.ts';

const pages = await manPages(Object.keys(VERBS), async (args) => programFor(args, '1.2.3'));

const render = (page: string): string =>
  execFileSync('groff', ['-man', '-Tascii', '-P-cbou', '-rLL=100n'], { input: page, encoding: 'utf8' });

it('exist for the program and for each verb', () => {
  expect([...pages.keys()].sort()).toEqual(
    ['vmlet.1', ...Object.keys(VERBS).map((verb) => `vmlet-${verb}.1`)].sort(),
  );
});

it('are all in the package', () => {
  const { man } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../package.json'), 'utf8')) as {
    man: readonly string[];
  };
  expect(man).toEqual([...pages.keys()].sort().map((name) => `./dist/man/${name}`));
});

it.each([...pages])('%s has a name for apropos and no warning of groff', (_name, page) => {
  expect(page).toMatch(/^\.SH NAME\n[\w\\-]+ \\- \S.*$/m);
  const { stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z'], {
    input: page,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it('list all flags of a command by group, and its examples', async () => {
  const program = await programFor(['run'], '1');
  const run = program.commands.find((command) => command.name() === 'run')!;
  const shown = render(pages.get('vmlet-run.1')!);
  for (const { long, hidden } of run.options) if (!hidden) expect(shown).toContain(long);
  expect(render(pages.get('vmlet-logs.1')!)).not.toContain('--lines');
  expect(shown).toMatch(/^OPTIONS\n[^]*^ {3}Hardware\n[^]*^EXAMPLES\n[^]*vmlet run micro -- uname -a/m);
  expect(shown).toContain('vmlet run [OPTIONS] [IMAGE] [COMMAND...]');
});

it('list the subcommands of a verb with their arguments', () => {
  const shown = render(pages.get('vmlet-disk.1')!);
  expect(shown).toMatch(/^ {3}vmlet disk resize\n +vmlet disk resize \[OPTIONS\] MACHINE DISK-NAME SIZE$/m);
});

it('keep the lines of a table of conditions', () => {
  expect(render(pages.get('vmlet-wait.1')!)).toMatch(/^ +port=N +a server accepts connections .*$/m);
});

it('print backslashes and leading dots literally', async () => {
  const { Command } = await import('commander');
  const odd = new Command('odd').description('.TH is no request\n\\fBnor is this');
  const [, page] = [
    ...(await manPages(['odd'], async () =>
      Promise.resolve(new Command('vmlet').version('1').addCommand(odd)),
    )),
  ][1]!;
  expect(render(page)).toContain('.TH is no request \\fBnor is this');
});
