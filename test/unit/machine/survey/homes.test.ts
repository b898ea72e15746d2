import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findHomes, withoutHomes } from '../../../../src/machine/survey/homes.ts';
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

  it.runIf(isRoot)(
    'are asked of the services of accounts for owners that are not in /etc/passwd',
    async () => {
      const [programs, homes] = [directoryIn(top, 'programs-'), directoryIn(top, 'homes-')];
      const log = join(programs, 'log');
      // As with LDAP, getent knows accounts that /etc/passwd does not have; 2: some keys were not found.
      const script = `#!/bin/sh\necho "$@" >${log}\necho alice:x:70001:70001::${homes}/alice:/bin/sh\nexit 2\n`;
      writeFileSync(join(programs, 'getent'), script, { mode: 0o755 });
      for (const [name, uid] of [
        ['alice', 70001],
        ['bob', 70002],
        ['service', 300],
      ] as const) {
        mkdirSync(join(homes, name));
        chownSync(join(homes, name), uid, uid);
      }
      vi.stubEnv('PATH', `${programs}:${process.env['PATH'] ?? ''}`);
      // In a directory above it, and in itself.
      for (const directory of [homes, join(homes, 'alice')]) {
        expect(await findHomes(directory, undefined)).toContain(join(homes, 'alice'));
      }
    },
  );

  it.runIf(isRoot)('do not include an account that no service knows', async () => {
    const directory = directoryIn(top, 'unknown-');
    chownSync(directory, 70003, 70003);
    expect(await findHomes(directory, undefined)).not.toContain(directory);
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

  it('are what is beside the homes', () => {
    expect(of(['opt', 'usr'], 'opt/jenkins')).toEqual(['opt/file', 'opt/tool', 'usr']);
    expect(of(['usr'], 'usr/home/alice')).toEqual(['usr/home/tools', 'usr/lib']);
    expect(of(['opt'], 'opt')).toEqual([]);
  });

  it('follow links', () => {
    mkdirSync(join(system, 'usr/lib/home'));
    expect(of(['lib'], 'usr/lib/home')).toEqual([]);
    expect(of(['lib'], 'usr/home')).toEqual(['lib']);
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
