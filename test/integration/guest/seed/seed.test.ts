import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { target } from '../../../../fixtures/guests/seed/target.ts';
import { makeSeed } from '../../../../src/guest/seed/make.ts';
import { type SeedOptions, parseSeedOptions } from '../../../../src/guest/seed/seed-options.ts';
import type { SeedTarget } from '../../../../src/guest/seed/target.ts';
import { makeSshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';
import { fatImage } from '../../../../src/images/formats/fat.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { run } from '../../../../src/process/run.ts';
import { type CloudInit, findCloudInit } from '../../../cloud-init.ts';
import { directoryIn, makeTemporaryDirectory } from '../../../directory.ts';

const READ_USER_DATA = join(import.meta.dirname, '../../../../fixtures/guests/seed/read-user-data.py');
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

const cloudInit = await findCloudInit();
const noCloudInit =
  typeof cloudInit === 'string' ? `seeds are not read by cloud-init: ${cloudInit}` : undefined;
const noDosTools =
  existsSync('/usr/sbin/fsck.fat') && findProgram('mcopy') !== undefined
    ? undefined
    : 'seeds are not read by dosfstools and mtools, which are not installed';
for (const missing of [noCloudInit, noDosTools])
  if (missing !== undefined) console.warn(`skipped: ${missing}`);

const { publicKey } = makeSshKeyPair('me');
const everything: SeedOptions = {
  sshKeys: [publicKey],
  packages: ['ours'],
  files: [
    { path: '/text', content: 'grüße: {{ v1 }}\n', owner: 'alice:users' },
    { path: '/binary', content: Buffer.from([0, 255]), mode: 0o600 },
  ],
  run: ['echo ours'],
  timezone: 'Europe/Berlin',
};

async function seedOf(
  options: SeedOptions,
  changes: Partial<SeedTarget> = {},
): Promise<Map<string, Uint8Array>> {
  return makeSeed(parseSeedOptions(options), { ...target, ...changes });
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const { path, remove } = makeTemporaryDirectory();
  try {
    return await work(path);
  } finally {
    remove();
  }
}

function requireCloudInit(): CloudInit {
  if (typeof cloudInit === 'string') throw new Error(cloudInit);
  return cloudInit;
}

interface Understood {
  readonly config: Readonly<Record<string, unknown>>;
  readonly parts: readonly (readonly [string, string])[];
}

/** cloud-init’s own parsing of a seed’s user-data. */
async function understood(userData: string): Promise<Understood> {
  const seed = await seedOf({ ...everything, userData });
  return inDirectory(async (directory) => {
    const { python, environment } = requireCloudInit();
    const { stdout, stderr } = await run([python, READ_USER_DATA, directoryIn(directory, 'cloud')], {
      environment,
      input: Buffer.from(seed.get('user-data')!),
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout.toString('utf8')) as Understood;
  });
}

describe.skipIf(noCloudInit !== undefined)('cloud-init', () => {
  async function check(options: SeedOptions, changes: Partial<SeedTarget> = {}): Promise<void> {
    const seed = await seedOf(options, changes);
    await inDirectory(async (directory) => {
      for (const type of ['cloud-config', 'network-config']) {
        const content = seed.get(type === 'cloud-config' ? 'user-data' : type);
        if (content === undefined) continue;
        const path = join(directory, type);
        writeFileSync(path, content);
        const { command, environment } = requireCloudInit();
        const argv = [...command, 'schema', '--schema-type', type, '--config-file', path] as const;
        const { stdout } = await run(argv, { environment });
        expect(stdout.toString('utf8')).toMatch(/^Valid schema/m);
      }
    });
  }

  it('accepts the contents of a seed', async () => {
    await check(everything);
    await check({ user: 'root', sshKeys: [publicKey] }, { macAddress: undefined });
    await check({
      ...everything,
      userData: '#cloud-config\nusers: default, bob\npackages: [[theirs, "1.0"]]\nruncmd: [[ls, -l], date]\n',
      network: { ethernets: { eth0: { addresses: ['192.0.2.2/24'], 'dhcp-identifier': 'mac' } } },
    });
  });

  const theirs = '#cloud-config\npackages: [theirs]\ntimezone: UTC\nruncmd: [echo theirs]\nlocale: C.UTF-8\n';
  const merged = {
    packages: ['ours', 'theirs'],
    // The user’s single values are kept.
    timezone: 'UTC',
    locale: 'C.UTF-8',
    runcmd: [
      expect.stringContaining('usermod'),
      expect.stringContaining('echo ours'),
      'echo theirs',
    ] as unknown[],
    bootcmd: [expect.stringContaining('vmlet-boot')] as unknown[],
    users: [expect.objectContaining({ name: 'alice', ssh_authorized_keys: [publicKey] })] as unknown[],
    write_files: [
      expect.objectContaining({ path: '/text', content: 'grüße: {{ v1 }}\n' }),
      expect.objectContaining({ path: '/binary' }),
    ] as unknown[],
  };
  const message = [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=b="',
    '',
    '--=b=',
    'Content-Type: text/cloud-config',
    '',
    theirs,
    '--=b=',
    'Content-Type: text/x-shellscript',
    '',
    '#!/bin/sh',
    'true',
    '--=b=--',
    '',
  ].join('\n');

  it.each([
    ['#cloud-config', theirs],
    ['a multipart message', message],
    ['a message in mailbox format', `From me\n${message}`],
    ['a message with mail line ends', message.replaceAll('\n', '\r\n')],
    ['#cloud-config-archive', `#cloud-config-archive\n- ${JSON.stringify(theirs)}\n`],
    ['a template', `## template: jinja\n${theirs.replace('[theirs]', '[{{ "the" + "irs" }}]')}`],
  ])('merges %s', async (_, userData) => {
    expect((await understood(userData)).config).toMatchObject(merged);
  });

  it('merges included user-data', async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, 'theirs');
      writeFileSync(path, theirs);
      for (const kind of ['#include', '#include-once']) {
        expect((await understood(`${kind}\nfile://${path}\n`)).config).toMatchObject(merged);
      }
    });
  });

  it.each([
    ['#!/bin/sh\necho "grüße"\n', 'text/x-shellscript'],
    ['#cloud-boothook\n#!/bin/sh\ntrue\n', 'text/cloud-boothook'],
    ['#part-handler\ndef list_types():\n  return []\n', 'text/part-handler'],
  ])('passes on %j unchanged, beside vmlet’s part', async (userData, type) => {
    const { config, parts } = await understood(userData);
    expect(parts).toEqual([[type, userData]]);
    expect(config).toMatchObject({ packages: ['ours'], bootcmd: merged.bootcmd });
  });

  it('applies a JSON patch', async () => {
    const patch = '#cloud-config-jsonp\n[{"op": "add", "path": "/packages", "value": ["theirs"]}]\n';
    expect((await understood(patch)).config).toMatchObject({ packages: ['ours', 'theirs'] });
  });
});

describe.skipIf(noDosTools !== undefined)("a seed's file system", () => {
  it('is consistent, and contains the given files', async () => {
    const seed = await seedOf(everything, { agent: readFileSync(process.execPath).subarray(0, 700_001) });
    await inDirectory(async (directory) => {
      const path = join(directory, 'seed');
      writeFileSync(path, fatImage(seed, { label: 'CIDATA', volumeId: 1, time: new Date() }));
      const checked = await run(['/usr/sbin/fsck.fat', '-n', '-v', path], { environment: ENVIRONMENT });
      expect(checked.stdout.toString('utf8')).toContain(`${seed.size + 1} files,`);
      await run(['mcopy', '-i', path, '-s', '::', directory], { environment: ENVIRONMENT });
      for (const [name, content] of seed) {
        expect(readFileSync(join(directory, name)).equals(content), name).toBe(true);
      }
    });
  });
});
