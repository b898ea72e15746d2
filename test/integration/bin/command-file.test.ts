import { isAscii } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '../../directory.ts';

const root = join(import.meta.dirname, '../../..');

describe('the command', () => {
  let home: ReturnType<typeof makeTemporaryDirectory>;
  let compiled: string;
  let command: string;
  beforeEach(() => {
    home = makeTemporaryDirectory();
    compiled = join(home.path, 'cache/vmlet/compiled');
    mkdirSync(join(home.path, 'cache/vmlet'), { recursive: true, mode: 0o700 });
    // A copy, which a test may change.
    cpSync(join(root, 'dist/bin'), join(home.path, 'package/dist/bin'), { recursive: true });
    copyFileSync(join(root, 'package.json'), join(home.path, 'package/package.json'));
    command = join(home.path, 'package/dist/bin/vmlet.js');
  });
  afterEach(() => home.remove());

  function vmlet(...args: string[]) {
    const places = ['data', 'cache', 'config', 'state'];
    const env = Object.fromEntries(
      places.map((kind) => [`XDG_${kind.toUpperCase()}_HOME`, join(home.path, kind)]),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return { status, stdout, stderr };
  }
  /** Links are not followed. */
  const everything = (): string => spawnSync('find', [home.path], { encoding: 'utf8' }).stdout;
  const empty = { status: 0, stdout: expect.stringMatching(/^NAME .*\n$/) as string, stderr: '' };

  /** The only file of compiled code of the whole command. */
  function kept(): string {
    const names = readdirSync(compiled).filter((name) => name.endsWith('-main.code'));
    expect(names).toHaveLength(1);
    return join(compiled, names[0] ?? '');
  }
  /** The line after the digest. */
  const verbs = (): string => readFileSync(kept()).subarray(32).toString().split('\n', 1)[0] ?? '';

  it('gets an --env-file after `--`, which Node would otherwise look for', () => {
    const { status, stderr } = vmlet('exec', 'nothing', '--', 'docker', 'run', '--env-file', '/absent');
    expect(stderr).toMatch(/^vmlet: no such machine: nothing\n/);
    expect(status).toBe(125);
  });

  it('rejects a word that is not UTF-8, which would become another one', () => {
    const script = 'exec "$@" exec m -- cat "$(printf "caf\\351")"';
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, command], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^vmlet: argument: "caf\ufffd" is not valid UTF-8\n {2}vmlet passes on only text/);
    expect(status).toBe(125);
  });

  it('says that the current directory was removed', () => {
    const gone = join(home.path, 'gone');
    mkdirSync(gone);
    const script = 'cd "$1" && rmdir "$1" && shift && exec "$@" create m --image micro';
    const { status, stderr } = spawnSync('sh', ['-c', script, 'sh', gone, process.execPath, command], {
      encoding: 'utf8',
      env: { ...process.env, XDG_DATA_HOME: join(home.path, 'data') },
    });
    expect(stderr).toBe('vmlet: the current directory no longer exists\n  change to another directory\n');
    expect(status).toBe(125);
  });

  describe('a run in the foreground', () => {
    it.each([[['absent', '--', 'true']], [['-it', '-m', '1G', '--fresh', 'absent']], [['--json', 'absent']]])(
      'loads a file of its own: %j',
      (words) => {
        const before = vmlet('run', ...words);
        rmSync(join(home.path, 'package/dist/bin/main.cjs'));
        expect(vmlet('run', ...words)).toEqual(before);
        rmSync(join(home.path, 'package/dist/bin/foreground.cjs'));
        expect(vmlet('run', ...words).status).toBe(1);
      },
    );

    it('answers --help with that file', () => {
      const { stdout } = vmlet('run', '--help');
      rmSync(join(home.path, 'package/dist/bin/main.cjs'));
      expect(vmlet('run', '--help')).toEqual({ status: 0, stdout, stderr: '' });
      expect(stdout).toContain('--detach');
    });

    it.each([
      [['-d', 'absent']],
      [['--rm', '-itd', 'absent']],
      [['absent', '--detach', '--', 'true']],
      [['--', 'absent', '-d', '--', 'true']],
    ])('is a run of the whole command if it may be detached: %j', (words) => {
      rmSync(join(home.path, 'package/dist/bin/foreground.cjs'));
      expect(vmlet('run', ...words).stderr).not.toMatch(/foreground|not in this file/);
    });
  });

  describe('a run in a pool', () => {
    it('loads a file of its own', () => {
      rmSync(join(home.path, 'package/dist/bin/main.cjs'));
      const missing = { status: 125, stderr: expect.stringContaining('no such pool: p\n') as string };
      expect(vmlet('run', '--pool', 'p', '-it', '-e', 'A=b', '--timeout=5s', 'true')).toMatchObject(missing);
      expect(vmlet('run', '--pool=p', '--', 'ls', '--memory')).toMatchObject(missing);
    });

    it.each([
      [['--pool', 'p', '-m', '1G', 'true'], '--pool: cannot be used together with -m\n'],
      [['--pool', 'p', '--fresh', 'true'], '--pool: cannot be used together with --fresh\n'],
      [['--pool', 'p', '--timeout', 'x', 'true'], 'invalid value "x" for --timeout'],
      [['--pool'], 'missing value for --pool'],
      [['--pool', 'p', '--absent', 'true'], 'unknown option: --absent'],
      [['--pool', 'p', '-d', 'true'], '--detach: cannot be used together with --pool\n'],
    ])('is rejected with other flags, by the whole command: %j', (words, stderr) => {
      expect(vmlet('run', ...words)).toMatchObject({
        status: 125,
        stderr: expect.stringContaining(stderr) as string,
      });
    });
  });

  describe.skipIf('enableCompileCache' in module)('compiled code', () => {
    it.each(['main', 'foreground', 'pooled'])('is of a text without characters beyond ASCII: %s', (name) => {
      expect(isAscii(readFileSync(join(root, `dist/bin/${name}.cjs`)))).toBe(true);
    });

    it('is kept in one file, which each verb and subcommand extends once', () => {
      expect(vmlet('ls')).toEqual(empty);
      expect(verbs()).toBe('ls');
      const first = statSync(kept());
      expect(first.mode & 0o777).toBe(0o600);
      expect(vmlet('ls', '--all')).toEqual(empty);
      expect(statSync(kept()).ino).toBe(first.ino);
      expect(vmlet('image', 'ls')).toEqual(empty);
      expect(verbs()).toBe('ls,image ls');
      expect(vmlet('image', '--help')).toMatchObject({ status: 0 });
      expect(vmlet('image', 'prune', '--force')).toMatchObject({ status: 0 });
      expect(verbs()).toBe('ls,image ls,image prune');
    });

    it('is not kept for failed commands', () => {
      expect(vmlet('--color', 'never', 'image', 'ls')).toEqual(empty);
      expect(vmlet('rename', 'nothing', 'x')).toMatchObject({ status: 125 });
      expect(vmlet('../x')).toMatchObject({ status: 125 });
      expect(verbs()).toBe('image ls');
    });

    it.each([
      ['damaged', (path: string) => damage(path, statSync(path).size >> 1)],
      ['damaged at its beginning', (path: string) => damage(path, 40)],
      ['cut off', (path: string) => truncateSync(path, statSync(path).size - 5000)],
      ['empty', (path: string) => truncateSync(path)],
      ['writable for others', (path: string) => chmodSync(path, 0o622)],
    ])('is compiled again when it is %s', (_state, change) => {
      expect(vmlet('ls')).toEqual(empty);
      change(kept());
      const changed = statSync(kept());
      expect(vmlet('ls')).toEqual(empty);
      const again = statSync(kept());
      expect(again.ino).not.toBe(changed.ino);
      expect(vmlet('ls')).toEqual(empty);
      expect(statSync(kept()).ino).toBe(again.ino);
    });

    it('is not used for another text of the same length', () => {
      expect(vmlet('ls')).toEqual(empty);
      const path = join(home.path, 'package/dist/bin/main.cjs');
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"STATE"', '"STAGE"'));
      expect(vmlet('ls').stdout).toMatch(/^NAME +STAGE /);
    });

    it.each([
      ['a directory that others can enter', () => mkdirSync(compiled, { mode: 0o755 })],
      ['a link', () => symlinkSync(home.path, compiled)],
      ['a file', () => writeFileSync(compiled, '')],
      ['below a directory that others can write', () => chmodSync(join(compiled, '..'), 0o777)],
      ['below a directory that is missing', () => rmdirSync(join(compiled, '..'))],
    ])('is not kept where its directory is %s', (_state, arrange) => {
      arrange();
      const before = everything();
      expect(vmlet('ls')).toEqual(empty);
      expect(everything()).toEqual(before);
    });

    it('of other installations goes when it was not used for a month', () => {
      mkdirSync(compiled, { recursive: true, mode: 0o700 });
      for (const name of ['main-1-v20.0.0.code', 'main-2-v20.0.0.code', 'other']) {
        writeFileSync(join(compiled, name), '');
      }
      const old = new Date('2026-01-01');
      for (const name of ['main-1-v20.0.0.code', 'other']) utimesSync(join(compiled, name), old, old);
      expect(vmlet('ls')).toEqual(empty);
      expect(existsSync(join(compiled, 'main-1-v20.0.0.code'))).toBe(false);
      expect(readdirSync(compiled)).toHaveLength(3);
      // It is used without being written.
      utimesSync(kept(), old, old);
      const { ino } = statSync(kept());
      expect(vmlet('ls')).toEqual(empty);
      expect(statSync(kept())).toMatchObject({ ino, mtimeMs: expect.closeTo(Date.now(), -6) as number });
    });
  });
});

function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
}
