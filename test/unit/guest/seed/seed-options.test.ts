import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { makeSshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';
import { type SeedOptions, parseSeedOptions } from '../../../../src/guest/seed/seed-options.ts';

describe('the options of a seed', () => {
  it('are all optional', () => {
    expect(parseSeedOptions({})).toEqual({
      user: undefined,
      sshKeys: [],
      hostname: undefined,
      network: 'dhcp',
      packages: [],
      files: [],
      run: [],
      timezone: undefined,
      userData: undefined,
    });
  });

  it('make files readable and root’s by default', () => {
    const [file] = parseSeedOptions({ files: [{ path: '/etc/motd', content: 'hello' }] }).files;
    expect(file).toEqual({ path: '/etc/motd', content: 'hello', mode: 0o644, owner: 'root:root' });
  });

  it('accept keys as written in .pub files', () => {
    const { publicKey } = makeSshKeyPair('me@host, my laptop');
    expect(parseSeedOptions({ sshKeys: [`  ${publicKey}\n`] }).sshKeys).toEqual([publicKey]);
  });

  const { publicKey } = makeSshKeyPair('a');
  const wrong: readonly (readonly [string, SeedOptions, string])[] = [
    ['user', { user: 'Bad User' }, 'user: "Bad User": expected a user name'],
    ['host name', { hostname: 'a_b' }, 'hostname: "a_b": expected a host name'],
    ['label', { hostname: `${'x'.repeat(64)}.de` }, 'hostname: '],
    ['key', { sshKeys: [publicKey, publicKey.slice(0, 40)] }, 'sshKeys[1]: '],
    ['two keys in one', { sshKeys: [`${publicKey}\n${publicKey}`] }, 'sshKeys[0]: '],
    [
      'relative path',
      { files: [{ path: 'etc/motd', content: '' }] },
      'files[0].path: "etc/motd": expected the abs',
    ],
    ['mode', { files: [{ path: '/a', content: '', mode: 0o10000 }] }, 'files[0].mode: 4096: '],
    ['owner', { files: [{ path: '/a', content: '', owner: 'a b' }] }, 'files[0].owner: "a b": '],
    [
      'package',
      { packages: ['a b'] },
      'packages[0]: "a b": expected a package name without spaces, such as nginx',
    ],
    ['option of a package tool', { packages: ['-y'] }, 'packages[0]: "-y": '],
    ['empty line', { run: [''] }, 'run[0]: "": '],
    ['time zone', { timezone: '../etc' }, 'timezone: "../etc": '],
    [
      'network in a network',
      { network: { network: {} } },
      'network: must not contain the top-level key "network"',
    ],
    ['kind of user-data', { userData: 'packages: [a]\n' }, 'userData: begins with "packages: [a]"'],
    ['older network', { network: { version: 1 } }, 'network: unsupported version 1'],
  ];
  it.each(wrong)('reject an invalid %s', (_, options, message) => {
    expect(() => parseSeedOptions(options)).toThrow(InvalidInputError);
    expect(() => parseSeedOptions(options)).toThrow(message);
  });

  it('reject unknown options by name', () => {
    const options = { packges: ['a'] } as SeedOptions;
    expect(() => parseSeedOptions(options)).toThrow('packges: unknown option');
    const file = { path: '/a', content: '', owners: 'a' };
    expect(() => parseSeedOptions({ files: [file] })).toThrow('files[0].owners: unknown option');
  });

  it('reject user-data and files that are too large, and state the limit', () => {
    const large = 'x'.repeat(16 * 1024 * 1024);
    expect(() => parseSeedOptions({ userData: large })).toThrow(
      'userData: too large: 16777216 bytes (limit: 1048576 bytes)',
    );
    expect(() => parseSeedOptions({ files: [{ path: '/a', content: large }] })).toThrow(
      'files: too large: 16777216 bytes in total (limit: 1048576 bytes)',
    );
  });
});
