import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { target } from '../../../../fixtures/guests/seed/target.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { makeSeed, seedLabel } from '../../../../src/guest/seed/make.ts';
import { type SeedOptions, parseSeedOptions } from '../../../../src/guest/seed/seed-options.ts';
import type { SeedTarget } from '../../../../src/guest/seed/target.ts';
import { makeSshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';

const { publicKey } = makeSshKeyPair('me');

type Config = Record<string, unknown>;

async function seedFiles(
  options: SeedOptions,
  changes: Partial<SeedTarget> = {},
): Promise<Map<string, string>> {
  const files = await makeSeed(parseSeedOptions(options), { ...target, ...changes });
  return new Map([...files].map(([name, content]) => [name, Buffer.from(content).toString()]));
}

/** The result of PyYAML. */
function read(files: ReadonlyMap<string, string>, name: string): Config {
  return parse(files.get(name) ?? '', { version: '1.1' }) as Config;
}

async function config(options: SeedOptions, changes: Partial<SeedTarget> = {}): Promise<Config> {
  const files = await seedFiles(options, changes);
  expect(files.get('user-data')?.split('\n')[0]).toBe('#cloud-config');
  return read(files, 'user-data');
}

describe('the files of a seed', () => {
  it('contain the identity of the guest', async () => {
    const files = await seedFiles({});
    expect(read(files, 'meta-data')).toEqual({
      'instance-id': 'i-1',
      'local-hostname': 'web',
      dsmode: 'local',
    });
    expect(read(await seedFiles({ hostname: 'db.example.org' }), 'meta-data')).toMatchObject({
      'local-hostname': 'db.example.org',
    });
  });

  it('create the host’s user with sudo, and not the publisher’s', async () => {
    expect(await config({ sshKeys: [publicKey] })).toMatchObject({
      users: [
        {
          name: 'alice',
          lock_passwd: true,
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          ssh_authorized_keys: [publicKey],
        },
      ],
    });
  });

  it('allow root to log in by a key only', async () => {
    expect(await config({ user: 'root', sshKeys: [publicKey] })).toMatchObject({
      users: [{ name: 'root', lock_passwd: false, ssh_authorized_keys: [publicKey] }],
      disable_root: false,
    });
  });

  it('carry packages, files, commands and a time zone', async () => {
    const made = await config({
      packages: ['nginx'],
      files: [
        { path: '/a', content: 'yes: no\n', mode: 0o600 },
        { path: '/b', content: Buffer.from([0, 255]), owner: 'alice:users' },
        { path: '/c', content: 'a\r\nb' },
      ],
      run: ['echo 1', 'echo "2: 3"'],
      timezone: 'Europe/Berlin',
    });
    expect(made).toMatchObject({
      package_update: true,
      packages: ['nginx'],
      write_files: [
        { path: '/a', permissions: '0600', content: 'yes: no\n' },
        {
          path: '/b',
          permissions: '0644',
          owner: 'alice:users',
          defer: true,
          encoding: 'b64',
          content: 'AP8=',
        },
        { path: '/c', permissions: '0644', encoding: 'b64', content: 'YQ0KYg==' },
      ],
      timezone: 'Europe/Berlin',
    });
    expect((made['runcmd'] as string[]).at(-1)).toContain('set -e\necho 1\necho "2: 3"\n');
  });

  it('name the network card by its address, quoted for YAML 1.1', async () => {
    const files = await seedFiles({});
    expect(read(files, 'network-config')).toEqual({
      version: 2,
      ethernets: {
        eth0: {
          match: { macaddress: '52:54:00:12:34:56' },
          'set-name': 'eth0',
          dhcp4: true,
          dhcp6: true,
          'accept-ra': true,
        },
      },
    });
  });

  it('configure no network if there is none', async () => {
    const files = await seedFiles({}, { macAddress: undefined });
    expect(files.has('network-config')).toBe(false);
  });

  it('pass on the user’s own network configuration', async () => {
    const network = { ethernets: { eth0: { addresses: ['10.0.0.2/24'] } } };
    const files = await seedFiles({ network });
    expect(read(files, 'network-config')).toEqual({ version: 2, ...network });
  });

  it('contain the agent outside of YAML, and a command that installs it', async () => {
    const files = await seedFiles({});
    expect(files.get('vmlet-agent')).toBe('the agent');
    expect(read(files, 'user-data')['bootcmd']).toEqual([expect.stringContaining('vmlet-boot')]);
    const without = await seedFiles({ network: {} }, { agent: undefined });
    expect([...without.keys()]).toEqual(['meta-data', 'user-data', 'network-config']);
    expect(read(without, 'user-data')).not.toHaveProperty('bootcmd');
  });

  it('limit the wait for a network that vmlet configures', async () => {
    const guarded = async (options: SeedOptions, changes: Partial<SeedTarget> = {}): Promise<boolean> =>
      (await seedFiles(options, changes)).has('vmlet-wait-network');
    expect(await guarded({})).toBe(true);
    expect(await guarded({}, { macAddress: undefined })).toBe(true);
    expect(await guarded({}, { agent: undefined })).toBe(true);
    expect(await guarded({ userData: '#!/bin/sh\n' })).toBe(true);
    expect(await guarded({ userData: '#include\nhttp://a\n' })).toBe(false);
    expect(await guarded({ network: { ethernets: {} } })).toBe(false);
    expect(await guarded({}, { provisioner: 'tiny-cloud' })).toBe(false);
  });

  it.each([
    ['#cloud-config\nbootcmd: [a]\n', true],
    ['#cloud-config\nmounts: [[a, b]]\n', true],
    ['#cloud-config\nrandom_seed: {command: [a]}\n', true],
    ['#cloud-config\nwrite_files: [{path: /a, source: {uri: "http://a"}}]\n', true],
    ['#include\nhttp://a\n', true],
    ['#cloud-config\nbootcmd: []\nruncmd: [a]\n', false],
    ['#cloud-config\nwrite_files: [{path: /a, source: {uri: "file:///a"}}]\n', false],
    ['#!/bin/sh\n', false],
  ])('delay everything else for %j: %s', async (userData, waited) => {
    const files = await seedFiles({ userData });
    expect(read(files, 'meta-data')['dsmode']).toBe(waited ? undefined : 'local');
    const cut = await seedFiles({ userData }, { macAddress: undefined });
    expect(read(cut, 'meta-data')['dsmode']).toBe('local');
  });
});

describe('user-data of the user’s own', () => {
  it('is merged: vmlet’s list items first, all keys of mappings, the user’s single values', async () => {
    const made = await config({
      sshKeys: [publicKey],
      packages: ['a'],
      timezone: 'UTC',
      userData: [
        '#cloud-config',
        'packages: [b, c]',
        'timezone: Europe/Berlin',
        'runcmd:',
        '  - [ls, -l]',
        'growpart: {mode: off}',
        'users:',
        '  - name: alice',
        '    shell: /bin/zsh',
        '    lock_passwd: false',
        '  - default',
        '',
      ].join('\r\n'),
    });
    expect(made).toMatchObject({
      packages: ['a', 'b', 'c'],
      timezone: 'Europe/Berlin',
      growpart: { mode: false },
      users: [
        {
          name: 'alice',
          shell: '/bin/zsh',
          lock_passwd: false,
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          ssh_authorized_keys: [publicKey],
        },
        'default',
      ],
    });
    expect((made['runcmd'] as unknown[]).at(-1)).toEqual(['ls', '-l']);
  });

  it.each([
    ['default, bob', ['default', 'bob']],
    ['{default: true, bob: {shell: /bin/sh}, eve: false}', ['default', { name: 'bob', shell: '/bin/sh' }]],
  ])('can have users such as %j', async (users, expected) => {
    const made = await config({ userData: `#cloud-config\nusers: ${users}\n` });
    expect((made['users'] as unknown[]).slice(1)).toEqual(expected);
  });

  it('keeps values that YAML 1.1 reads differently', async () => {
    const userData =
      '#cloud-config\na: 0644\nb: on\nc: "on"\nd: 2032-09-01\ne: 1000\nf: 12345678901234567890\n';
    const files = await seedFiles({ userData });
    expect(files.get('user-data')).toContain(
      'a: 0644\nb: on\nc: "on"\nd: 2032-09-01\ne: 1000\nf: 12345678901234567890\n',
    );
  });

  it('keeps other values that share an alias unchanged', async () => {
    const made = await config({
      packages: ['a'],
      userData: '#cloud-config\nmine: &list [b]\npackages: *list\nempty:\nwrite_files:\n',
    });
    expect(made).toMatchObject({ mine: ['b'], packages: ['a', 'b'] });
  });

  it('can have a single value or none in place of a list', async () => {
    const made = await config({
      packages: ['a'],
      run: ['x'],
      userData: '#cloud-config\npackages: b\nruncmd:\n',
    });
    expect(made['packages']).toEqual(['a', 'b']);
    expect(made['runcmd']).toHaveLength(2);
  });

  it('can be empty', async () => {
    expect(await config({ userData: '#cloud-config\n' })).toHaveProperty('users');
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['#cloud-config\na: 1\nb: c: d\n', 'userData: line 3, column '],
    ['#cloud-config\na: 1\na: 2\n', 'userData: line 3, column 1: Map keys must be unique'],
    ['\n\n#cloud-config\n\ta: 1\n', 'userData: line 4, '],
    ['#cloud-config\n- a\n', 'userData: expected a YAML mapping below #cloud-config'],
    ['#cloud-config\na: *b\n', 'userData: '],
    ['packages: [a]\n', 'userData: begins with "packages: [a]", which is not a known kind of user-data'],
    ['', 'userData: begins with ""'],
  ];
  it.each(wrong)('is rejected when it is %j', async (userData, message) => {
    const made = seedFiles({ userData });
    await expect(made).rejects.toThrow(InvalidInputError);
    await expect(made).rejects.toThrow(message);
  });

  it('is limited in size', async () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const aliases = Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*l${level - 1}`));
      return `l${level}: &l${level} [${aliases.join(', ')}]`;
    });
    await expect(seedFiles({ userData: `#cloud-config\n${levels.join('\n')}\n` })).rejects.toThrow(
      'userData: Excessive alias count',
    );
  });

  it('of another kind is added as a part', async () => {
    const files = await seedFiles({ userData: '\n#!/bin/sh\necho grüße\n' });
    const parts = (files.get('user-data') ?? '').split(/^--.*\n/m).map((part) => part.split('\n\n'));
    expect(parts[0]?.[0]).toMatch(/^Content-Type: multipart\/mixed; boundary="[^"]+"\nMIME-Version: 1\.0$/);
    expect(parts[1]?.[0]).toContain('text/x-shellscript');
    expect(Buffer.from(parts[1]?.[1] ?? '', 'base64').toString()).toBe('#!/bin/sh\necho grüße\n');
    expect(parts[2]?.[0]).toContain('Merge-Type: ');
    expect(Buffer.from(parts[2]?.[1] ?? '', 'base64').toString()).toMatch(/^#cloud-config\nusers:\n/);
  });
});

describe('a guest without cloud-init', () => {
  it.each(['nuageinit', 'tiny-cloud'] as const)('supports no parts: %s', async (provisioner) => {
    const made = seedFiles({ userData: '#!/bin/sh\n' }, { provisioner, agent: undefined });
    await expect(made).rejects.toThrow(
      `userData: this image has ${provisioner} instead of cloud-init; ${provisioner} supports only #cloud-config, but this user-data is of the kind script`,
    );
  });

  it('gets the files that FreeBSD reads', async () => {
    const changes = { provisioner: 'nuageinit', agent: undefined, macAddress: '52:54:00:AB:CD:EF' } as const;
    const files = await seedFiles({ sshKeys: [publicKey], run: ['date'] }, changes);
    expect([...files.keys()]).toEqual(['meta-data', 'user-data', 'network-config']);
    expect(read(files, 'meta-data')).toEqual({ 'instance-id': 'i-1', 'local-hostname': 'web' });
    expect(read(files, 'network-config')).toEqual({
      version: 2,
      ethernets: { vtnet0: { match: { macaddress: '52:54:00:ab:cd:ef' }, dhcp4: true } },
    });
    const userData = read(files, 'user-data');
    expect(userData).toMatchObject({ users: [{ name: 'alice', ssh_authorized_keys: [publicKey] }] });
    expect(userData['runcmd']).toEqual([expect.any(String)]);
    expect(seedLabel('nuageinit')).toBe('cidata');
    expect(seedLabel('cloud-init')).toBe('CIDATA');
  });

  it('gets its keys as metadata for tiny-cloud', async () => {
    const files = await seedFiles({ sshKeys: [publicKey] }, { provisioner: 'tiny-cloud' });
    expect(read(files, 'meta-data')).toMatchObject({ 'public-keys': [publicKey] });
  });
});
