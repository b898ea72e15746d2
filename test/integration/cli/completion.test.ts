import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoryIn, makeTemporaryDirectory } from '../../directory.ts';
import { VMLET, vmlet } from '../../e2e/command.ts';
import { type InteractiveShell, completeInFish, hasShell, typeInto } from './shell.ts';

const root = join(import.meta.dirname, '../../..');
const STAND_IN = join(root, 'fixtures/completion');
const scriptOf = (name: string): string => join(root, 'src/cli/completion/scripts', name);
const SCRIPTS = { bash: scriptOf('vmlet.bash'), zsh: scriptOf('_vmlet'), fish: scriptOf('vmlet.fish') };

/** A directory with files to complete, and an environment in which vmlet is ours. */
function place(): { directory: string; environment: NodeJS.ProcessEnv; [Symbol.dispose](): void } {
  const { path, remove } = makeTemporaryDirectory();
  const programs = directoryIn(path, 'programs');
  symlinkSync(VMLET, join(programs, 'vmlet'));
  const directory = directoryIn(path, 'here');
  writeFileSync(join(directory, "dad's kernel"), '');
  mkdirSync(join(directory, 'a directory'));
  const environment = {
    PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: path,
    XDG_DATA_HOME: path,
    XDG_CONFIG_HOME: path,
    XDG_RUNTIME_DIR: path,
  };
  return { directory, environment, [Symbol.dispose]: remove };
}

/** The same with a vmlet that records its arguments and answers with these names. */
function placeOf(...candidates: string[]): ReturnType<typeof place> & { asked(): string } {
  const real = place();
  const record = join(real.directory, 'asked');
  const environment = {
    ...real.environment,
    PATH: `${STAND_IN}${delimiter}${process.env['PATH'] ?? ''}`,
    ASKED: record,
    CANDIDATES: candidates.join('\n'),
  };
  return { ...real, environment, asked: () => readFileSync(record, 'utf8') };
}

function skipsWithout(shell: string): boolean {
  if (hasShell(shell)) return false;
  process.stderr.write(`skipped: the completion of ${shell}, which is not installed\n`);
  return true;
}

describe.each<InteractiveShell>(['bash', 'zsh'])('completion in %s', (shell) => {
  const type = async (keys: string, { directory, environment }: ReturnType<typeof place>) =>
    typeInto(shell, SCRIPTS[shell], keys, directory, environment);

  describe.skipIf(skipsWithout(shell))('on a terminal', () => {
    it.each([
      ['vmlet im\t', 'vmlet image '],
      ['vmlet image b\t', 'vmlet image build '],
      ['vmlet run --net p\t', 'vmlet run --net passt '],
      ['vmlet run --net=p\t', 'vmlet run --net=passt '],
      ['vmlet run --boot\t', 'vmlet run --boot-timeout '],
      ['vmlet run --kernel d\t', "vmlet run --kernel dad\\'s\\ kernel "],
      ['vmlet run --kernel=d\t', "vmlet run --kernel=dad\\'s\\ kernel "],
      ['vmlet run -w \t', 'vmlet run -w a\\ directory/'],
    ])('completes %j', async (keys, line) => {
      using here = place();
      expect((await type(keys, here)).line).toBe(line);
    });

    it('offers the names of machines', async () => {
      using here = place();
      mkdirSync(join(here.environment['XDG_DATA_HOME'] ?? '', 'vmlet/machines/my-machine'), {
        recursive: true,
      });
      expect((await type('vmlet systemd print m\t', here)).line).toBe('vmlet systemd print my-machine ');
      expect((await type('vmlet cp m\t', here)).line).toBe('vmlet cp my-machine:');
      expect((await type('vmlet cp my-machine:\t', here)).line).toBe('vmlet cp my-machine:');
      expect((await type('vmlet cp my-machine:d\t', here)).line).toBe('vmlet cp my-machine:d');
      expect((await type('vmlet sync . m\t', here)).line).toBe('vmlet sync . my-machine:');
      expect((await type('vmlet cp my-machine:/x d\t', here)).line).toBe(
        "vmlet cp my-machine:/x dad\\'s\\ kernel ",
      );
    });

    it('offers the names of templates and volumes', async () => {
      using here = place();
      const data = join(here.environment['XDG_DATA_HOME'] ?? '', 'vmlet');
      for (const name of ['templates/warm', 'volumes/cache'])
        mkdirSync(join(data, name), { recursive: true });
      expect((await type('vmlet create x --template w\t', here)).line).toBe(
        'vmlet create x --template warm ',
      );
      expect((await type('vmlet run -v c\t', here)).line).toBe('vmlet run -v cache:');
      expect((await type('vmlet run -v cache:\t', here)).line).toBe('vmlet run -v cache:');
    });

    it('shows candidates', async () => {
      using here = place();
      const { screen } = await type('vmlet image \t\t', here);
      for (const verb of ['build', 'help', 'ls', 'rm']) expect(screen).toMatch(new RegExp(`\\b${verb}\\b`));
      if (shell === 'zsh') expect(screen).toMatch(/ls +-- list the images/);
    });

    it.each([
      ['vmlet start my\\ \t', 'my vm', 'vmlet start my\\ vm '],
      ['vmlet start "my \t', 'my vm', 'vmlet start "my vm" '],
      ["vmlet start 'my \t", 'my vm', "vmlet start 'my vm' "],
      ['vmlet start d\t', `dad's "$HOME"`, `vmlet start dad\\'s\\ \\"\\$HOME\\" `],
      ['vmlet start "d\t', 'd"$HOME`', 'vmlet start "d\\"\\$HOME\\`" '],
      ['vmlet start a:b\t', 'a:b=c', 'vmlet start a:b=c '],
      ['vmlet start a:b=\t', 'a:b=c', 'vmlet start a:b=c '],
    ])('quotes a name after %j', async (keys, name, line) => {
      using here = placeOf(name);
      expect((await type(keys, here)).line).toBe(line);
    });

    it('passes the words to vmlet unexpanded, and executes nothing in them', async () => {
      using here = placeOf('x');
      await type(`vmlet a\\ b "c \\" d" 'e f' --label=g:h $(touch ran) '' i\t`, here);
      expect(here.asked()).toBe(
        ['a b', 'c " d', 'e f', '--label=g:h', '$(touch ran)', '', 'i'].map((word) => `<${word}>\n`).join(''),
      );
    });
  });
});

describe('completion in fish', () => {
  const complete = (line: string, { directory, environment }: ReturnType<typeof place>): string[] =>
    completeInFish(SCRIPTS.fish, line, directory, environment);

  describe.skipIf(skipsWithout('fish'))('without a terminal', () => {
    it('shows verbs and their descriptions', () => {
      using here = place();
      expect(complete('vmlet im', here)).toEqual(['image\tmanage images']);
    });

    it.each([
      ['vmlet run --net p', '--net', ['passt']],
      ['vmlet run --net=p', '--net=', ['--net=passt']],
      ['vmlet run --kernel d', 'a file', ["dad's kernel"]],
      ['vmlet run --kernel=d', '--kernel=', ["--kernel=dad's kernel"]],
      ['vmlet run -w a', 'a directory', ['a directory/']],
    ])('completes %j', (line, _what, expected) => {
      using here = place();
      expect(complete(line, here).map((each) => each.split('\t')[0])).toEqual(expected);
    });

    it.each([
      ['vmlet start my\\ ', 'my vm'],
      ['vmlet start "my ', 'my vm'],
      ['vmlet start d', `dad's "$HOME"`],
    ])('completes a name with spaces and quotes after %j', (line, name) => {
      using here = placeOf(name);
      expect(complete(line, here)).toEqual([`${name}\tan odd name`]);
    });

    it('passes the words to vmlet as the command would get them', () => {
      using here = placeOf('x');
      complete(`vmlet a\\ b "c \\" d" 'e f' --label=g:h '' "i j`, here);
      expect(here.asked()).toBe(
        ['a b', 'c " d', 'e f', '--label=g:h', '', 'i j'].map((word) => `<${word}>\n`).join(''),
      );
    });
  });
});

describe('vmlet completion', () => {
  it.each(Object.entries(SCRIPTS))('prints the script of %s', async (shell, path) => {
    const { stdout, status } = await vmlet('completion', shell);
    expect(stdout).toBe(readFileSync(path, 'utf8'));
    expect(status).toBe(0);
  });

  it('rejects an unknown shell', async () => {
    const { status, stderr } = await vmlet('completion', 'csh');
    expect(stderr).toMatch(/expected bash, zsh or fish/);
    expect(status).toBe(125);
  });

  it('works in zsh as a file that compinit finds', () => {
    if (skipsWithout('zsh')) return;
    using here = place();
    const { stdout, stderr } = spawnSync(
      'zsh',
      [
        '-f',
        '-c',
        'fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[vmlet]',
        'zsh',
        join(root, 'src/cli/completion/scripts'),
      ],
      { env: { ...process.env, ...here.environment }, encoding: 'utf8' },
    );
    expect([stdout, stderr]).toEqual(['_vmlet\n', '']);
  });
});
