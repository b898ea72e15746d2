import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildInputsDigest } from '../../../../src/images/build/distribution-disk.ts';
import { type DistributionRecipe, settleRecipe } from '../../../../src/images/build/recipe.ts';

const KEY = join(import.meta.dirname, '../../../../src/images/catalogue/keys/fedora-43.asc');
const RECIPE: DistributionRecipe = {
  ...{ distribution: 'debian', release: '13', include: [], run: [] },
  agent: import.meta.filename,
};

describe('a recipe', () => {
  it.each<[Partial<DistributionRecipe>, RegExp]>([
    [{ distribution: 'ubuntu', release: '24.04' }, /^distribution: cannot build ubuntu from packages$/],
    [{ distribution: 'fedora', release: '42' }, /^release: cannot build Fedora 42$/],
    [{ distribution: 'rocky', release: '8' }, /^release: cannot build Rocky Linux 8$/],
    [{ distribution: 'fedora', release: '43', include: ['-y'] }, /^include: invalid package name "-y"$/],
    [{ key: import.meta.filename }, /^key: not supported for Debian/],
    [{ distribution: 'fedora', release: '43', key: '/nowhere/key' }, /^key: no such file: \/nowhere\/key$/],
    [
      { distribution: 'fedora', release: '43', key: '/dev/null' },
      /^key: \/dev\/null does not contain an ASCII-armoured public key/,
    ],
    [{ release: '11' }, /^release: cannot build Debian 11$/],
    [{ release: 'sid' }, /^release: cannot build Debian sid$/],
    [{ include: ['nginx', 'Nginx'] }, /^include: invalid package name "Nginx"$/],
    [{ include: ['openssh-server-'] }, /invalid package name "openssh-server-"/],
    [{ include: ['-oDpkg::Pre-Invoke=reboot'] }, /invalid package name/],
    [{ include: ['nginx=1.2'] }, /invalid package name/],
    [{ include: ['?narrow(a)'] }, /invalid package name/],
    [{ include: [''] }, /invalid package name ""/],
    [{ run: [{ path: '/nowhere/set-up' }] }, /^run: no such file: \/nowhere\/set-up$/],
    [{ run: [{ path: '/usr' }] }, /^run: \/usr is a directory$/],
    [{ agent: '/nowhere/agent' }, /^cannot read the program of the guest agent: \/nowhere\/agent$/],
    [{ sizeBytes: 1024 ** 2 }, /^size: invalid size of 1 MiB$/],
    [{ sizeBytes: 2 * 1024 ** 3 + 512 }, /invalid size/],
    [{ sizeBytes: 3 * 1024 ** 4 }, /invalid size/],
    [{ sizeBytes: Number.NaN }, /invalid size/],
    [{ mirror: 'deb.debian.org' }, /^mirror: invalid URL "deb\.debian\.org"$/],
    [{ mirror: 'http://a/\nTrusted: yes' }, /invalid URL/],
    [{ mirror: 'file:/srv' }, /invalid URL/],
  ])('rejects invalid input: %j', async (wrong, message) => {
    await expect(settleRecipe({ ...RECIPE, ...wrong })).rejects.toThrow(message);
  });

  it('has the same digest for the same inputs', async () => {
    const one = await settleRecipe({
      ...RECIPE,
      include: ['zstd', 'g++', 'zstd'],
      mirror: 'http://m/debian/',
    });
    expect(one).toMatchObject({
      release: { version: 'trixie' },
      include: ['g++', 'zstd'],
      mirror: 'http://m/debian',
    });
    const digests = [
      { release: '13', include: ['b1', 'a1'] },
      { release: 'trixie', include: ['a1', 'b1', 'a1'] },
    ].map(async (change) => buildInputsDigest({ ...RECIPE, ...change }));
    expect(new Set(await Promise.all(digests)).size).toBe(1);
  });

  it('has a different digest if any input differs', async () => {
    const changes: readonly Partial<DistributionRecipe>[] = [
      {},
      { release: '12' },
      { include: ['nginx'] },
      { run: [{ name: 'x', content: 'true' }] },
      { run: [{ name: 'x', content: 'false' }] },
      {
        run: [
          { name: 'x', content: 'true' },
          { name: 'y', content: 'false' },
        ],
      },
      {
        run: [
          { name: 'y', content: 'false' },
          { name: 'x', content: 'true' },
        ],
      },
      { agent: '/dev/null' },
      { sizeBytes: 2 * 1024 ** 3 },
      { mirror: 'http://m/debian' },
      { distribution: 'fedora', release: '43' },
      { distribution: 'fedora', release: '43', key: KEY },
      { distribution: 'rocky', release: '9' },
      { distribution: 'almalinux', release: '9' },
    ];
    const digests = await Promise.all(
      changes.map(async (change) => buildInputsDigest({ ...RECIPE, ...change })),
    );
    expect(new Set(digests).size).toBe(changes.length);
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });
});
