import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VICTIM, whyNoOtherUser } from '../../hardening/user.ts';
import { reach } from '../../hardening/users/reach.ts';
import { takenPlaces } from '../../hardening/users/taken-places.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const nobodyElse = await whyNoOtherUser();

/** Each of the two has a directory that every user may enter. */
function place(name: string): { path: string } & Disposable {
  const { path, remove } = makeTemporaryDirectory();
  chmodSync(path, 0o755);
  mkdirSync(join(path, name));
  return { path: join(path, name), [Symbol.dispose]: remove };
}

it('rejects directories of other users, and changes nothing in or through them', async () => {
  using directory = place('taken');
  const options = { scale: 0.1, log: () => undefined };
  const { counts, faults } = await takenPlaces(directory.path, nobodyElse === undefined, options);
  expect(faults).toEqual([]);
  expect(counts[0]?.tried).toBeGreaterThan(5);
});

it('leaves nothing that another user can access', async (context) => {
  if (nobodyElse !== undefined && process.env['VMLET_TEST_OTHER_USER'] !== '1') context.skip(nobodyElse);
  using directory = place('owned');
  const { counts, faults } = await reach(directory.path, VICTIM, 'none', () => undefined);
  expect(faults).toEqual([]);
  expect(counts[0]?.tried).toBeGreaterThan(100);
});
