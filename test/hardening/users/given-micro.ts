import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ensureMicro } from '../../../src/images/micro/micro.ts';
import { locate } from '../../../src/machine/paths/locations.ts';

const AGENT = join(import.meta.dirname, '../../../dist/guest-agent/vmlet-agent');

/**
 * The caller's image with this agent, built if necessary: the user could not build it without a network.
 * @param images the user's store, which is the caller's until it is given to the user.
 */
export async function giveMicro(images: string): Promise<void> {
  const { images: store } = locate(process.env, homedir(), process.getuid?.() ?? 0);
  const { initrdPath } = await ensureMicro({ store, agentPath: AGENT });
  const directory = dirname(initrdPath);
  mkdirSync(images, { recursive: true, mode: 0o700 });
  cpSync(directory, join(images, basename(directory)), { recursive: true });
  symlinkSync(basename(directory), join(images, 'micro'));
}
