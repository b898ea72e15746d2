import { cpSync, existsSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { locate } from '../../../src/machine/paths/locations.ts';
import { runAs } from '../user.ts';

const VMLET = join(import.meta.dirname, '../../../dist/bin/vmlet.js');

/**
 * The existing image of the caller, or a new one, since building one for each user takes a minute.
 * @param images the user's store, which is the caller's until it is given to the user.
 */
export async function giveMicro(images: string): Promise<void> {
  const { images: store } = locate(process.env, homedir(), process.getuid?.() ?? 0);
  if (!existsSync(join(store, 'micro')))
    await runAs(undefined, [process.execPath, VMLET, 'image', 'build', 'micro']);
  const image = readlinkSync(join(store, 'micro'));
  const [from] = readdirSync(store).filter((name) => image.endsWith(name));
  mkdirSync(dirname(images), { recursive: true, mode: 0o700 });
  for (const name of ['micro', from!]) {
    cpSync(join(store, name), join(images, name), { recursive: true, verbatimSymlinks: true });
  }
}
