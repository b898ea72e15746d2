import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import { completionsFor } from '../../../../src/cli/completion/candidates.ts';
import { type SeedFlags, addSeedFlags, seedOptions } from '../../../../src/cli/flags/seed-flags.ts';
import type { SeedOptions } from '../../../../src/index.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const { path: directory, remove } = makeTemporaryDirectory();
afterAll(remove);

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1u4Qy0Yb1WzvE0gM0f0iCqk8sYb7sOQyq2m0y6C3aB';

function file(name: string, content: string | Uint8Array, mode = 0o644): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

async function parse(...words: string[]): Promise<SeedOptions | undefined> {
  const command = addSeedFlags(new Command('x')).exitOverride().parse(words, { from: 'user' });
  return seedOptions(command.opts<SeedFlags>());
}

test('without flags there is no seed, and --cloud-init alone gives an empty one', async () => {
  expect(await parse()).toBeUndefined();
  expect(await parse('--cloud-init')).toEqual({});
});

test('each flag sets its option', async () => {
  const keys = file('authorized_keys', `# mine\n${KEY} one@host\n\n${KEY.replace('AAAAC', 'BBBBC')}\n`);
  const conf = file('app.conf', Buffer.from([0, 255, 10]), 0o640);
  const userData = file('user-data', '#cloud-config\nlocale: de_DE.UTF-8\n');
  const words = [
    ...['--username', 'ann', '--hostname', 'web1', '--timezone', 'Europe/Berlin'],
    ...['--ssh-key', keys, '--ssh-key', `${KEY} two`],
    ...['--package', 'nginx,curl', '--package', 'git'],
    ...['--file', `${conf}:/etc/app.conf`, '--file', `${conf}:/etc/other.conf:0600`],
    ...['--firstboot-command', 'echo a, b', '--firstboot-command', 'touch /done'],
    ...['--user-data', userData],
  ];
  expect(await parse(...words)).toEqual({
    user: 'ann',
    hostname: 'web1',
    timezone: 'Europe/Berlin',
    sshKeys: [`${KEY} one@host`, KEY.replace('AAAAC', 'BBBBC'), `${KEY} two`],
    packages: ['nginx', 'curl', 'git'],
    files: [
      { path: '/etc/app.conf', content: Buffer.from([0, 255, 10]), mode: 0o640 },
      { path: '/etc/other.conf', content: Buffer.from([0, 255, 10]), mode: 0o600 },
    ],
    run: ['echo a, b', 'touch /done'],
    userData: '#cloud-config\nlocale: de_DE.UTF-8\n',
  });
});

test('a file name can contain colons', async () => {
  const odd = file('a:b', 'x');
  expect((await parse('--file', `${odd}:/etc/x`))?.files).toEqual([
    { path: '/etc/x', content: 'x', mode: 0o644 },
  ]);
});

test.each([
  'version: 2\nethernets: {e: {dhcp4: true}}\n',
  'network:\n  version: 2\n  ethernets: {e: {dhcp4: yes}}\n',
])('a network configuration is accepted with or without netplan’s outer key', async (text) => {
  const path = file('network', text);
  expect(await parse('--network-config', path)).toEqual({
    network: { version: 2, ethernets: { e: { dhcp4: true } } },
  });
});

describe('errors are explained in words', () => {
  const id = file('id', '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n');
  const empty = file('empty', '');
  const page = file('page', '<html>\n');
  const list = file('list', '- a\n');
  const broken = file('broken', 'a: [\n');
  const binary = file('binary', Buffer.from([0xff, 0xfe]));
  const large = file('large', Buffer.alloc(1024 * 1024 + 1));
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  test.each([
    [['--ssh-key', './nothing.pub'], /^ssh-key: no such file: \.\/nothing\.pub$/, /\.pub file/],
    [['--ssh-key', id], /^ssh-key: .*id is a private key; expected a public key$/, /id\.pub$/],
    [['--ssh-key', empty], /^ssh-key: .*empty contains no public key$/],
    [['--ssh-key', page], /^ssh-key: .*contains a line that is not a public key: <html>$/],
    [['--package', 'a,,b'], /^package: "a,,b" contains an empty name$/],
    [['--file', 'a'], /^file: invalid value "a": expected FILE:GUEST\[:MODE\] /],
    [['--file', 'a:b'], /^file: invalid value "a:b": expected /],
    [['--file', `${empty}:/etc/x:999`], /^file: invalid value ".*:999": expected /],
    [['--file', `${folder}:/etc/x`], /^file: .*folder is a directory; expected a file$/],
    [
      ['--file', `${large}:/etc/x`],
      /^file: .*large is too large: 1048577 bytes; the maximum is 1048576 bytes$/,
      /vmlet cp/,
    ],
    [['--user-data', `${empty}/x`], /^user-data: no such file: .*empty\/x$/],
    [['--user-data', binary], /^user-data: .*binary is not UTF-8 text$/],
    [['--network-config', list], /^network-config: .*list is not a YAML mapping$/],
    [['--network-config', broken], /^network-config: .*broken is not YAML: \S/],
  ])('%j', async (words, message, hint = /^/) => {
    const failure = parse(...words);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({
      code: 'VMLET_INVALID_INPUT',
      ...(hint.source !== '^' && { hint: expect.stringMatching(hint) as string }),
    });
  });
});

test.each(['--file', '--ssh-key', '--user-data', '--network-config'])('%s completes files', async (flag) => {
  const program = new Command('vmlet');
  addSeedFlags(program.command('create'));
  expect((await completionsFor(program, ['create', flag, ''])).paths).toBe('files');
});
