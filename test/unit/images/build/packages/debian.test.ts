import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debian } from '../../../../../src/images/build/packages/debian-installer.ts';
import { mirrorsOf } from '../../../../../src/images/build/packages/debian-mirror.ts';
import { basePackages, debianSources } from '../../../../../src/images/build/packages/debian-release.ts';
import { dpkgPackages } from '../../../../../src/images/build/packages/dpkg-status.ts';
import { settleRecipe } from '../../../../../src/images/build/recipe.ts';
import { temporaryDirectory } from '../../../../directory.ts';

const directory = temporaryDirectory();

const OFFICIAL = {
  release: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

describe('the mirrors of a host', () => {
  it.each([
    ['', OFFICIAL],
    ['Debian|Debian|http://near/debian/\n', { ...OFFICIAL, release: 'http://near/debian' }],
    [
      'Debian|Debian|cdrom:[x]/\nDebian|Debian|https://near/debian\nDebian|Debian-Security|http://near/security/\n',
      { release: 'https://near/debian', security: 'http://near/security' },
    ],
    ['Ubuntu|Ubuntu|http://archive.ubuntu.com/ubuntu/\nGoogle|Debian|http://other/\n', OFFICIAL],
  ])('are those of its own Debian release: %j', (targets, expected) => {
    expect(mirrorsOf(targets)).toEqual(expected);
  });
});

describe('a new Debian', () => {
  it('uses signed packages of the release, its updates and its security updates', () => {
    const sources = debianSources('bookworm', { release: 'http://a', security: 'http://b' }, '/key');
    expect(sources.match(/^(URIs|Suites|Signed-By): .*$/gm)).toEqual([
      ...['URIs: http://a', 'Suites: bookworm bookworm-updates', 'Signed-By: /key'],
      ...['URIs: http://b', 'Suites: bookworm-security', 'Signed-By: /key'],
    ]);
  });

  it('uses Debian’s own security updates even if another mirror is named', async () => {
    const recipe = await settleRecipe({
      ...{ distribution: 'debian', release: '13', include: [], run: [] },
      agent: import.meta.filename,
      mirror: 'http://near/debian/',
    });
    const place = { work: directory, files: directory, root: join(directory, 'root'), signal: undefined };
    const command = await debian.command(recipe, place);
    const sources = readFileSync(command.at(-1) ?? '', 'utf8');
    expect(sources.match(/^URIs: .*$/gm)).toEqual(['URIs: http://near/debian', `URIs: ${OFFICIAL.security}`]);
  });

  it('has exactly the requested program to create the initramfs', () => {
    expect(basePackages('trixie', ['nginx'])).toContain('tiny-initramfs');
    expect(basePackages('trixie', ['dracut'])).not.toContain('tiny-initramfs');
    expect(basePackages('bookworm', [])).not.toContain('systemd-repart');
  });

  it('lists the installed packages by name, without removed ones', () => {
    const status = `Package: zstd
Status: install ok installed
Version: 1.5.7+dfsg-1

Package: gone
Status: deinstall ok config-files
Version: 1

Package: adduser
Status: install ok installed
Description: adds users
 Package: x
Version: 3.152
`;
    expect(dpkgPackages(status)).toEqual([
      { name: 'adduser', version: '3.152' },
      { name: 'zstd', version: '1.5.7+dfsg-1' },
    ]);
  });
});
