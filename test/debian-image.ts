import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { addImage } from '../src/images/store/add-image.ts';
import { makeBuildDirectory } from '../src/images/store/build-directory.ts';
import { makeDirectories } from '../src/util/files/make-directories.ts';
import { Scope } from '../src/util/scope.ts';
import { debianGuest } from './debian-guest.ts';

/** Adds the Debian guest of the tests, which has the agent, to a store. */
export async function addDebianImage(store: string, name: string): Promise<void> {
  const { path: file, sha256 } = await debianGuest();
  await using scope = new Scope();
  makeDirectories(store);
  const buildDirectory = await makeBuildDirectory(store, scope);
  const path = join(buildDirectory, 'disk.qcow2');
  copyFileSync(file, path);
  await addImage(
    { path, bytes: statSync(path).size, sha256 },
    {
      ...{ store, buildDirectory, names: [name], format: 'qcow2' },
      guest: { user: undefined, firmware: 'bios', cpu: 'x86-64', provisioner: 'none', agent: true },
      origin: { kind: 'imported', file, verification: 'none' },
    },
  );
}
