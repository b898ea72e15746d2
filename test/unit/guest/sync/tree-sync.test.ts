import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GuestTree, type SyncAgent } from '../../../../src/guest/sync/guest-tree.ts';
import type { HostEntry } from '../../../../src/guest/sync/host-tree.ts';
import { ignoredPaths } from '../../../../src/guest/sync/ignored-paths.ts';
import { TreeSync } from '../../../../src/guest/sync/tree-sync.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { localAgent } from './local-agent.ts';

const top = temporaryDirectory();

function places() {
  return { source: directoryIn(top, 'host-'), target: directoryIn(top, 'guest-'), ignored: ignoredPaths([]) };
}

describe('a pass', () => {
  it('removes a file that disappeared after it was sent', async () => {
    const { source, target, ignored } = places();
    for (const name of ['gone', 'stays']) writeFileSync(join(source, name), name);
    const agent = localAgent((path) => {
      if (basename(path) === 'gone') rmSync(join(source, 'gone'));
    });
    const tree = new TreeSync(agent, { source, target, ignored });
    expect(await tree.pass('all', undefined)).toMatchObject({ sent: 2, isUnsettled: true });
    expect(existsSync(join(target, 'gone'))).toBe(true);
    expect(await tree.pass(new Set(), undefined)).toMatchObject({ sent: 0, removed: 1, isUnsettled: false });
    expect(existsSync(join(target, 'gone'))).toBe(false);
  });

  it('sends a file that was changed before 1970, with its time', async () => {
    const { source, target, ignored } = places();
    writeFileSync(join(source, 'old'), 'old');
    // Node takes a negative number for the present.
    const time = new Date(-1_000_000);
    utimesSync(join(source, 'old'), time, time);
    const tree = new TreeSync(localAgent(), { source, target, ignored });
    expect(await tree.pass('all', undefined)).toMatchObject({ sent: 1 });
    expect(statSync(join(target, 'old')).mtimeMs).toBe(time.getTime());
  });

  it('counts only what it removed', async () => {
    const { source, target } = places();
    for (const path of ['kept/ignored', 'gone/deep/']) mkdirSync(join(target, path), { recursive: true });
    const ignored = ignoredPaths(['ignored']);
    for (const removed of [2, 0]) {
      const tree = new TreeSync(localAgent(), { source, target, ignored });
      expect(await tree.pass('all', undefined)).toMatchObject({ sent: 0, removed });
      expect(existsSync(join(target, 'kept/ignored'))).toBe(true);
      expect(existsSync(join(target, 'gone'))).toBe(false);
    }
  });

  it('follows changes of .gitignore files, and leaves what they ignore in the guest', async () => {
    const { source, target } = places();
    for (const path of ['inner/deep/a.log', 'inner/deep/b', 'top.log']) {
      mkdirSync(join(source, path, '..'), { recursive: true });
      writeFileSync(join(source, path), path);
    }
    writeFileSync(join(source, 'inner/.gitignore'), '*.log');
    const tree = new TreeSync(
      localAgent(() => undefined),
      { source, target, ignored: ignoredPaths([], true) },
    );
    const there = () =>
      ['inner/deep/a.log', 'inner/deep/b', 'top.log'].filter((path) => existsSync(join(target, path)));
    await tree.pass('all', undefined);
    expect(there()).toEqual(['inner/deep/b', 'top.log']);
    writeFileSync(join(source, 'inner/.gitignore'), 'b');
    expect(await tree.pass(new Set(['inner']), undefined)).toMatchObject({ sent: 2, removed: 0 });
    expect(there()).toEqual(['inner/deep/a.log', 'inner/deep/b', 'top.log']);
    rmSync(join(source, 'inner/.gitignore'));
    rmSync(join(source, 'inner/deep/b'));
    expect(await tree.pass(new Set(['inner', 'inner/deep']), undefined)).toMatchObject({
      sent: 0,
      removed: 2,
    });
    expect(there()).toEqual(['inner/deep/a.log', 'top.log']);
  });

  it('compares what an earlier directory of the same name had ignored', async () => {
    const { source, target } = places();
    mkdirSync(join(source, 'a'));
    for (const path of ['a/.gitignore', 'a/file']) writeFileSync(join(source, path), 'build');
    const tree = new TreeSync(localAgent(), { source, target, ignored: ignoredPaths([], true) });
    await tree.pass('all', undefined);
    writeFileSync(join(target, 'a/build'), 'guest');
    // As by git checkout.
    renameSync(join(source, 'a'), join(source, 'b'));
    mkdirSync(join(source, 'a'));
    writeFileSync(join(source, 'a/file'), 'build');
    await tree.pass(new Set(['']), undefined);
    expect(existsSync(join(target, 'a/build'))).toBe(false);
  });

  it("leaves the guest's own changes when a new directory, or a directory for the first time, has a .gitignore", async () => {
    const { source, target } = places();
    mkdirSync(join(source, 'out'));
    for (const path of ['a', 'out/cache']) writeFileSync(join(source, path), 'host');
    const tree = new TreeSync(localAgent(), { source, target, ignored: ignoredPaths([], true) });
    await tree.pass('all', undefined);
    for (const path of ['a', 'own']) writeFileSync(join(target, path), 'guest');
    mkdirSync(join(source, 'new'));
    for (const path of ['new/.gitignore', 'new/b']) writeFileSync(join(source, path), '!b');
    // pytest writes it into a directory that is there already.
    writeFileSync(join(source, 'out/.gitignore'), '*');
    for (const dirty of [new Set(['', 'out']), 'all'] as const) {
      expect(await tree.pass(dirty, undefined)).toMatchObject({ sent: dirty === 'all' ? 0 : 3, removed: 0 });
      expect(
        ['a', 'own', 'out/cache', 'new/b'].map((path) => readFileSync(join(target, path), 'utf8')),
      ).toEqual([...['guest', 'guest', 'host', '!b']]);
    }
    // Paths that are no longer ignored have to be compared, with all others.
    writeFileSync(join(source, 'out/.gitignore'), '');
    expect(await tree.pass('all', undefined)).toMatchObject({ sent: 2, removed: 1 });
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('host');
    expect(existsSync(join(target, 'own'))).toBe(false);
  });

  it('resends a file that changed while it was being sent', async () => {
    const { source, target, ignored } = places();
    writeFileSync(join(source, 'a'), 'one');
    let count = 0;
    const agent = localAgent(() => {
      count += 1;
      if (count === 1) writeFileSync(join(source, 'a'), 'longer');
    });
    const tree = new TreeSync(agent, { source, target, ignored });
    expect(await tree.pass('all', undefined)).toMatchObject({ sent: 1, isUnsettled: true });
    expect(await tree.pass(new Set(), undefined)).toMatchObject({ sent: 1, isUnsettled: false });
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('longer');
  });

  it('of a new sync sends a file that changed in the second in which it was sent', async () => {
    const { source, target, ignored } = places();
    const file = join(source, 'a');
    const now = Math.floor(Date.now() / 1000);
    const sync = async (text: string) => {
      writeFileSync(file, text);
      utimesSync(file, now, now);
      return new TreeSync(localAgent(), { source, target, ignored }).pass('all', undefined);
    };
    expect(await sync('one')).toMatchObject({ sent: 1 });
    expect(await sync('two')).toMatchObject({ sent: 1 });
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('two');
    expect(await sync('two')).toMatchObject({ sent: 0 });
  });

  it('resends a directory that was replaced before it was sent', async () => {
    const { source, target, ignored } = places();
    const path = join(source, 'd');
    mkdirSync(path);
    const { birthtimeMs } = statSync(path);
    const agent = localAgent();
    let archives = 0;
    const exec = ((argv, options) => {
      if (typeof options?.input !== 'string' && options?.input !== undefined) archives += 1;
      if (archives !== 1) return agent.exec(argv, options);
      // The archive is created without it, and the clock of the file system is coarse.
      do {
        rmSync(path, { recursive: true });
        mkdirSync(path);
      } while (statSync(path).birthtimeMs === birthtimeMs);
      return agent.exec(['sh', '-c', 'cat >/dev/null'], options);
    }) satisfies SyncAgent['exec'];
    const tree = new TreeSync({ ...agent, exec }, { source, target, ignored });
    expect(await tree.pass('all', undefined)).toMatchObject({ sent: 1, isUnsettled: true });
    expect(existsSync(join(target, 'd'))).toBe(false);
    expect(await tree.pass(new Set(), undefined)).toMatchObject({ sent: 1, isUnsettled: false });
    expect(existsSync(join(target, 'd'))).toBe(true);
  });

  it('replaces a directory with a file', async () => {
    const { source, target, ignored } = places();
    writeFileSync(join(source, 'a'), 'file');
    mkdirSync(join(target, 'a/inner'), { recursive: true });
    writeFileSync(join(target, 'a/inner/x'), '');
    await new TreeSync(localAgent(), { source, target, ignored }).pass('all', undefined);
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('file');
  });
});

describe('many files', () => {
  const entry: HostEntry = { kind: 'file', mode: 0o644, size: 1, mtimeMs: 1000, identity: '' };

  function membersIn(source: string, ...more: readonly string[]): ReadonlyMap<string, HostEntry> {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
    for (const name of names) writeFileSync(join(source, name), name);
    return new Map([...names, ...more].map((name) => [name, entry]));
  }

  it('are rejected if one of them cannot be read', async () => {
    const { source, target } = places();
    // Not even root can open it.
    symlinkSync('loop', join(source, 'loop'));
    const sending = new GuestTree(localAgent(), target).send(source, membersIn(source, 'loop'), undefined);
    await expect(sending).rejects.toThrow('ELOOP');
  });

  it('are sent without those that have disappeared', async () => {
    const { source, target } = places();
    await new GuestTree(localAgent(), target).send(source, membersIn(source, 'gone'), undefined);
    expect(readFileSync(join(target, 'f39'), 'utf8')).toBe('f39');
  });
});
