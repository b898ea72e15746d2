import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type VolumeFlags, leftToRoot, ownedByUser } from '../../../../src/cli/flags/volume-owner.ts';
import { lookAtMounts } from '../../../../src/machine/volume/given-mounts.ts';

it.each([
  ['./a:/b', '1000', './a:/b:uid=1000'],
  ['./a:/b', '1000:50', './a:/b:uid=1000,gid=50'],
  ['./a:/b:ro', '1000', './a:/b:ro,uid=1000'],
  ['./a:/b:', '0', './a:/b:uid=0'],
  ['./a:/b:ro,uid=7', '1000', './a:/b:ro,uid=7'],
  ['./a:/b:ids=host', '1000', './a:/b:ids=host'],
  ['./uid=a:/b', '1000', './uid=a:/b:uid=1000'],
  ['./a:/b:c:d', '1000', './a:/b:c:d'],
  ['./a', '1000', './a'],
  ['./a:', '1000', './a:'],
  ['./a:/b', 'www-data', './a:/b:uid=www-data'],
  ['./a:/b:ro', 'www-data:staff', './a:/b:ro,uid=www-data,gid=staff'],
  ['./a:/b', '1000:staff', './a:/b:uid=1000,gid=staff'],
  ['./a:/b', 'www-data:50', './a:/b:uid=www-data,gid=50'],
  ['./a:/b:uid=7', 'www-data', './a:/b:uid=7'],
  ['.:/b', 'host$', '.:/b:uid=host$'],
  ['./a:/b', 'not a name', './a:/b'],
  ['./a:/b', 'a:b:c', './a:/b'],
  ['./a:/b', 'root', './a:/b'],
  ['cache:/b', '1000', 'cache:/b:uid=1000'],
  ['cache:/b', 'www-data', 'cache:/b'],
  ['./a:/b', undefined, './a:/b'],
])('-v %s for the user %s: %s', (text, user, expected) => {
  expect(ownedByUser({ volume: [text], ...(user !== undefined && { user }) }).volume).toEqual([expected]);
});

it.each(['detach', 'dryRun'])('takes numbers alone with %s, which asks no guest', (mode) => {
  const owned = (user: string) => ownedByUser({ volume: ['./a:/b'], user, [mode]: true }).volume;
  expect(owned('www-data')).toEqual(['./a:/b']);
  expect(owned('7:staff')).toEqual(['./a:/b']);
  expect(owned('7')).toEqual(['./a:/b:uid=7']);
});

describe('what a user with a name does not get', () => {
  const volumes = mkdtempSync(join(tmpdir(), 'vmlet-'));
  afterAll(() => rmSync(volumes, { recursive: true }));
  mkdirSync(join(volumes, 'old'));
  writeFileSync(join(volumes, 'old/disk.raw'), '');
  const texts = {
    volume: ['./a:/b', 'new:/c', 'old:/c', 'new:/c:gid=7', './a:/d:uid=7', './a:/d:ids=host'],
    mount: ['src=/a,dst=/e', 'type=tmpfs,dst=/f', 'type=tmpfs,dst=/f,tmpfs-mode=700'],
  };
  const left = (flags: VolumeFlags) => leftToRoot(flags, lookAtMounts(texts, { volumes }));

  it.each(['www-data', '7:staff'])('as user %s', (user) => {
    expect(left({ user })).toEqual(['new:/c', 'type=tmpfs,dst=/f,tmpfs-mode=700']);
    expect(left({ user, detach: true })).toEqual([
      ...['./a:/b', 'new:/c'],
      ...['src=/a,dst=/e', 'type=tmpfs,dst=/f,tmpfs-mode=700'],
    ]);
  });

  it.each([{}, { user: '7' }, { user: '7:8' }, { user: 'root' }, { user: 'root:adm' }])(
    'is nothing for %j',
    (flags) => {
      expect(left(flags)).toEqual([]);
    },
  );
});

it('gives a name to directories of --mount alone', () => {
  const mount = ['src=/a,dst=/b', 'type=bind,src=/a,dst=/c', 'type=tmpfs,dst=/d', 'type=volume,src=v,dst=/e'];
  expect(ownedByUser({ mount, user: 'web' }).mount).toEqual([
    'src=/a,dst=/b,uid=web',
    'type=bind,src=/a,dst=/c,uid=web',
    ...mount.slice(2),
  ]);
});

it('applies to --mount too, and does not change other flags', () => {
  const flags = { mount: ['src=/a,dst=/b', 'src=/a,dst=/c,gid=1'], user: '5', memory: '1G' };
  expect(ownedByUser(flags)).toEqual({ ...flags, mount: ['src=/a,dst=/b,uid=5', 'src=/a,dst=/c,gid=1'] });
  expect(ownedByUser({ user: '5' })).toEqual({ user: '5' });
});
