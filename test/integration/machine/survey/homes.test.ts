import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findHomes, withoutHomes } from '../../../../src/machine/survey/homes.ts';
import { OTHERS_ID } from '../../../../src/machine/share/host-system.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const top = temporaryDirectory();
const isRoot = process.getuid?.() === 0;

afterEach(() => vi.unstubAllEnvs());

describe('the homes of a host', () => {
  it('are those of HOME, of the account and of root', async () => {
    const home = directoryIn(top, 'home-');
    vi.stubEnv('HOME', home);
    const homes = await findHomes(top, undefined);
    expect(homes).toContain(home);
    expect(homes).toContain(userInfo().homedir);
  });

  it('do not include a HOME that does not exist', async () => {
    vi.stubEnv('HOME', join(top, 'missing'));
    expect(await findHomes(top, undefined)).not.toContain(join(top, 'missing'));
  });

  it.each(['', '.', 'relative'])('do not include the working directory for HOME=%j', async (home) => {
    const before = process.cwd();
    mkdirSync(join(top, 'relative'), { recursive: true });
    process.chdir(top);
    try {
      vi.stubEnv('HOME', home);
      const homes = await findHomes(top, undefined);
      expect(homes).not.toContain(top);
      expect(homes).not.toContain(join(top, 'relative'));
    } finally {
      process.chdir(before);
    }
  });

  /** Puts a getent on PATH that knows only alice, and returns what it is asked. As with LDAP, /etc/passwd has none of them. */
  function fakeGetent(homes: string): () => string[] {
    const programs = directoryIn(top, 'programs-');
    const log = join(programs, 'log');
    // 2: some keys were not found.
    const script = `#!/bin/sh
echo "$@" >>${log}
for key; do [ "$key" != 70001 ] || echo alice:x:70001:70001::${homes}/alice:/bin/sh; done
exit 2
`;
    writeFileSync(join(programs, 'getent'), script, { mode: 0o755 });
    vi.stubEnv('PATH', `${programs}:${process.env['PATH'] ?? ''}`);
    return () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split(/\s/).sort() : []);
  }

  it.runIf(isRoot)(
    'are asked of the services of accounts for owners that are not in /etc/passwd',
    async () => {
      const homes = directoryIn(top, 'homes-');
      for (const [name, uid] of [
        ['alice', 70001],
        ['bob', 70002],
        ['service', 300],
      ] as const) {
        mkdirSync(join(homes, name));
        chownSync(join(homes, name), uid, uid);
      }
      writeFileSync(join(homes, 'file'), '');
      chownSync(join(homes, 'file'), 70004, 70004);
      // In a directory above it, and in itself.
      for (const [directory, asked] of [
        [homes, ['70001', '70002', 'passwd']],
        [join(homes, 'alice'), ['70001', 'passwd']],
      ] as const) {
        const log = fakeGetent(homes);
        expect(await findHomes(directory, undefined)).toContain(join(homes, 'alice'));
        expect(log()).toEqual(asked);
      }
    },
  );

  it.runIf(isRoot)('do not include an account that no service knows', async () => {
    const directory = directoryIn(top, 'unknown-');
    chownSync(directory, 70003, 70003);
    const log = fakeGetent(top);
    expect(await findHomes(directory, undefined)).not.toContain(directory);
    expect(log()).toEqual(['70003', 'passwd']);
  });
});

describe('directories without the homes in them', () => {
  const system = directoryIn(top, 'system-');
  for (const path of ['opt/jenkins/jobs', 'opt/tool', 'usr/home/alice', 'usr/home/tools', 'usr/lib']) {
    mkdirSync(join(system, path), { recursive: true });
  }
  writeFileSync(join(system, 'opt/file'), '');
  symlinkSync('usr/lib', join(system, 'lib'));
  const of = (names: readonly string[], ...homes: readonly string[]): string[] =>
    withoutHomes(
      names.map((name) => join(system, name)),
      homes.map((home) => join(system, home)),
    )
      .map((path) => path.slice(system.length + 1))
      .sort();

  it('are whole without any', () => {
    expect(of(['opt', 'usr', 'missing'], 'home/alice')).toEqual(['missing', 'opt', 'usr']);
  });

  it.runIf(isRoot)('are what is beside the homes', () => {
    expect(of(['opt', 'usr'], 'opt/jenkins')).toEqual(['opt/file', 'opt/tool', 'usr']);
    expect(of(['usr'], 'usr/home/alice')).toEqual(['usr/home/tools', 'usr/lib']);
    expect(of(['opt'], 'opt')).toEqual([]);
  });

  it('follow links', () => {
    mkdirSync(join(system, 'usr/lib/home'));
    expect(of(['lib'], 'usr/lib/home')).toEqual([]);
    expect(of(['lib'], 'usr/home')).toEqual(['lib']);
  });

  it.runIf(isRoot)('have of the links beside a home only those to something else that is shown', () => {
    const beside = directoryIn(top, 'links-');
    for (const path of ['opt/jenkins/jobs', 'opt/jdk-17', 'home/alice/data', 'usr/bin', 'srv/app']) {
      mkdirSync(join(beside, path), { recursive: true });
    }
    const inHome = { data: '../home/alice/data', homes: '../home', jobs: 'jenkins/jobs', ci: 'jenkins' };
    const inCircle = { self: '.', above: '..', loop: 'loop' };
    const notOfTheSystem = { app: '../srv/app', gone: 'missing' };
    const shown = { java: 'jdk-17', jre: 'java', tools: '../usr/bin' };
    for (const [name, to] of Object.entries({ ...inHome, ...inCircle, ...notOfTheSystem, ...shown })) {
      symlinkSync(to, join(beside, 'opt', name));
    }
    const directories = ['opt', 'usr'].map((name) => join(beside, name));
    const homes = ['opt/jenkins', 'home/alice'].map((name) => join(beside, name));
    expect(
      withoutHomes(directories, homes)
        .map((path) => path.slice(beside.length + 1))
        .sort(),
    ).toEqual(['opt/java', 'opt/jdk-17', 'opt/jre', 'opt/tools', 'usr']);
  });

  it('do not include one that is a link into a home', () => {
    const linked = directoryIn(top, 'linked-');
    mkdirSync(join(linked, 'home/alice/opt'), { recursive: true });
    symlinkSync('home/alice/opt', join(linked, 'opt'));
    expect(withoutHomes([join(linked, 'opt')], [join(linked, 'home/alice')])).toEqual([]);
  });

  it('do not include a directory with a home that the user may not list', () => {
    const closed = directoryIn(top, 'closed-');
    const people = join(closed, 'people');
    mkdirSync(join(people, 'alice'), { recursive: true });
    for (const path of [top, closed]) chmodSync(path, 0o711);
    chmodSync(people, isRoot ? 0o711 : 0o311);
    // Root may list everything.
    if (isRoot) process.seteuid?.(OTHERS_ID);
    try {
      expect(withoutHomes([people], [join(people, 'alice')])).toEqual([]);
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(people, 0o711);
    }
  });

  it('keep the directories that a system does not work without, even if an account has them as its home', () => {
    expect(withoutHomes(['/usr', '/etc'], ['/', '/usr', '/usr/sbin', '/etc'])).toEqual(['/usr', '/etc']);
  });

  it.runIf(isRoot)('do not include directories of other people beside a home', () => {
    mkdirSync(join(system, 'usr/home/bob'));
    chownSync(join(system, 'usr/home/bob'), 70002, 70002);
    chmodSync(join(system, 'usr/home/bob'), 0o755);
    expect(of(['usr/home'], 'usr/home/alice')).toEqual(['usr/home/tools']);
  });
});
