import { expect, it } from 'vitest';
import { GuestFileError } from '../../../../src/errors/index.ts';
import { numbersOf, withKnownOwners } from '../../../../src/machine/share/guest-owner.ts';
import type { ShareIds } from '../../../../src/machine/share/share.ts';

const named = { field: 'volumes[0]', ids: { kind: 'user', user: 'web' } as ShareIds };
const numbered = { field: 'volumes[1]', ids: { kind: 'squash', uid: 1, gid: 2 } as ShareIds };

/** Files of a guest, by path. */
function guestWith(files: Readonly<Record<string, Iterable<string>>>, asked: string[] = []) {
  return {
    async *pull(path: string) {
      asked.push(path);
      const chunks = files[path];
      if (!chunks) throw new GuestFileError(path, 'ENOENT', 'no such file');
      for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
    },
  };
}

it('the guest is asked for names', async () => {
  const guest = guestWith({ '/etc/passwd': ['web:x:3', '3:44::/:/bin/sh\n'], '/etc/group': [] });
  expect(await withKnownOwners(guest, [named, numbered], undefined)).toEqual([
    { ...named, ids: { kind: 'squash', uid: 33, gid: 44 } },
    numbered,
  ]);
});

it('the guest is not asked if all owners are numbers', async () => {
  const asked: string[] = [];
  expect(await withKnownOwners(guestWith({}, asked), [numbered], undefined)).toEqual([numbered]);
  expect(asked).toEqual([]);
});

it('a guest without accounts has no names', async () => {
  await expect(withKnownOwners(guestWith({}), [named], undefined)).rejects.toThrow(
    'volumes[0]: the guest has no such user: web',
  );
});

it('a guest cannot fill the memory of the host', async () => {
  const endless = function* () {
    for (;;) yield 'x'.repeat(2 ** 20);
  };
  const guest = guestWith({ '/etc/passwd': endless(), '/etc/group': [] });
  await expect(withKnownOwners(guest, [named], undefined)).rejects.toThrow('the file is too large');
});

it('a name is no number', () => {
  expect(() => numbersOf(named)).toThrow(TypeError);
  expect(numbersOf(numbered)).toEqual(numbered.ids);
});
