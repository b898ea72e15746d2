import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { OpenDirectory } from '../../../../src/guest/tree/open-directory.ts';
import { PrivateDirectory, requirePrivacy } from '../../../../src/guest/tree/private-directory.ts';
import { openOwned } from '../../../../src/guest/tree/tree-owner.ts';
import { directoryIn, makeTemporaryDirectory, temporaryDirectory } from '../../../directory.ts';

const parent = temporaryDirectory();
const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let folder: string, made: string;
beforeEach(() => {
  folder = makeTemporaryDirectory(parent).path;
  made = directoryIn(folder, '.vmlet-');
});

async function open(): Promise<PrivateDirectory> {
  await using place = await OpenDirectory.at(folder);
  return await PrivateDirectory.openForeign(place, basename(made));
}

describe('a directory that was just made in one of another user', () => {
  it('is opened', async () => {
    await using opened = await open();
    expect(await opened.whereabouts()).toBe(made);
  });

  it.each<[string, () => void]>([
    ['one that others may enter', () => mkdirSync(made)],
    ['one that their group may enter', () => (mkdirSync(made), chmodSync(made, 0o2750))],
    [
      'an older private one of this user',
      () => {
        mkdirSync(join(folder, 'old'), 0o700);
        writeFileSync(join(folder, 'old/secret'), 'kept');
        renameSync(join(folder, 'old'), made);
      },
    ],
    ['a link', () => symlinkSync('away', made)],
  ])('is rejected if the user has put %s in its place', async (_name, replace) => {
    renameSync(made, join(folder, 'away'));
    replace();
    await expect(open()).rejects.toThrow();
    expect(readdirSync(join(folder, 'away'))).toEqual([]);
    const secret = join(made, 'secret');
    if (existsSync(secret)) expect(readFileSync(secret, 'utf8')).toBe('kept');
  });

  it.runIf(self.uid === 0)('is rejected if it belongs to the other user', async () => {
    chownSync(made, 4321, 1234);
    await expect(open()).rejects.toThrow(`cannot make a private directory in ${folder}: `);
    // Only a file system that gives away what root creates does this: nothing is left there.
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a directory to copy back to', () => {
  it('is tried without a trace', async () => {
    await requirePrivacy(folder, self);
    expect(readdirSync(folder)).toEqual([basename(made)]);
  });

  it('may have setgid, which the private one has then, too', async () => {
    chmodSync(folder, 0o2755);
    await requirePrivacy(folder, self);
    expect(readdirSync(folder)).toEqual([basename(made)]);
  });

  it('is rejected if it has been replaced by one of another user, or by a link', async () => {
    const other = { ...self, uid: self.uid + 1 };
    const replaced = `${folder} belongs to user ${self.uid} now, instead of ${other.uid}`;
    await expect(requirePrivacy(folder, other)).rejects.toThrow(replaced);
    await expect(openOwned(`${folder}/.`, other)).rejects.toMatchObject({ code: 'VMLET_INVALID_INPUT' });
    symlinkSync(folder, join(folder, 'link'));
    await expect(requirePrivacy(join(folder, 'link'), self)).rejects.toThrow(
      'is not the directory that was found at the start any more',
    );
  });
});
