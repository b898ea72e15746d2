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
    [{ distribution: 'ubuntu', release: '24.04' }, /^distribution: ubuntu cannot be built from packages$/],
    [{ distribution: 'fedora', release: '42' }, /^release: Fedora 42 cannot be built$/],
    [{ distribution: 'rocky', release: '8' }, /^release: Rocky Linux 8 cannot be built$/],
    [{ distribution: 'fedora', release: '43', include: ['-y'] }, /^include: "-y" cannot be the name/],
    [{ key: import.meta.filename }, /^key: says nothing about Debian/],
    [
      { distribution: 'fedora', release: '43', key: '/nowhere/key' },
      /^key: there is no file \/nowhere\/key$/,
    ],
    [{ distribution: 'fedora', release: '43', key: '/dev/null' }, /^key: \/dev\/null has no public key/],
    [{ release: '11' }, /^release: Debian 11 cannot be built$/],
    [{ release: 'sid' }, /^release: Debian sid cannot be built$/],
    [{ include: ['nginx', 'Nginx'] }, /^include: "Nginx" cannot be the name of a package$/],
    [{ include: ['openssh-server-'] }, /"openssh-server-" cannot be/],
    [{ include: ['-oDpkg::Pre-Invoke=reboot'] }, /cannot be the name/],
    [{ include: ['nginx=1.2'] }, /cannot be the name/],
    [{ include: ['?narrow(a)'] }, /cannot be the name/],
    [{ include: [''] }, /"" cannot be/],
    [{ run: [{ path: '/nowhere/set-up' }] }, /^run: there is no file \/nowhere\/set-up$/],
    [{ run: [{ path: '/usr' }] }, /^run: \/usr is a directory$/],
    [{ agent: '/nowhere/agent' }, /^the guest agent is missing: \/nowhere\/agent cannot be read$/],
    [{ sizeBytes: 1024 ** 2 }, /^size: 1048576 bytes are no size/],
    [{ sizeBytes: 2 * 1024 ** 3 + 512 }, /are no size/],
    [{ sizeBytes: 3 * 1024 ** 4 }, /are no size/],
    [{ sizeBytes: Number.NaN }, /are no size/],
    [{ mirror: 'deb.debian.org' }, /^mirror: "deb\.debian\.org" is no address of a mirror$/],
    [{ mirror: 'http://a/\nTrusted: yes' }, /is no address/],
    [{ mirror: 'file:/srv' }, /is no address/],
  ])('that is wrong says what is: %j', async (wrong, message) => {
    await expect(settleRecipe({ ...RECIPE, ...wrong })).rejects.toThrow(message);
  });

  it('takes what is the same as the same', async () => {
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

  it('has another digest when anything of it is another', async () => {
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
