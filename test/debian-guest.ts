import { chmod, readdir, rename, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MissingProgramError } from '../src/errors/index.ts';
import { makeBuildDirectory } from '../src/images/store/build-directory.ts';
import { buildDistributionDisk, buildInputsDigest } from '../src/images/build/distribution-disk.ts';
import { debian } from '../src/images/build/packages/debian-installer.ts';
import type { DistributionRecipe } from '../src/images/build/recipe.ts';
import { requirePrograms } from '../src/images/build/recipe/required-programs.ts';
import { withStoreLock } from '../src/images/store/lock.ts';

const ROOT = join(import.meta.dirname, '..');
const RECIPE: DistributionRecipe = {
  ...{ distribution: 'debian', release: '13' },
  include: ['qemu-guest-agent', 'redis-server'],
  run: [{ path: join(ROOT, 'fixtures/debian-guest/set-up') }],
  agent: join(ROOT, 'dist/guest-agent/vmlet-agent'),
  sizeBytes: 2 * 1024 ** 3,
};
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** The time limit of the hook that calls `debianGuest`: the first call ever installs Debian. */
export const DEBIAN_GUEST_TIMEOUT_MS = 900_000;

export interface DebianGuest {
  /** Read-only; make an overlay. */
  readonly path: string;
  readonly format: 'qcow2';
}

/** The reason why this host can have no Debian guest, or undefined. */
export function whyNoDebianGuest(): string | undefined {
  try {
    requirePrograms(debian);
    return undefined;
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error;
    return `no Debian guest can be made: ${error.message}; ${error.hint ?? ''} (scripts/install-needs image-build)`;
  }
}

/**
 * A disk with Debian 13 as `vmlet image build` creates it: it boots by GRUB under BIOS, UEFI and Secure Boot, has
 * networkd and resolved (DHCP), sshd (whose host key is created at its first start), cloud-init, which does nothing
 * without a seed, and our agent. fixtures/debian-guest adds what only tests need: the serial port, at 115200, logs in
 * root; the power button works once the prompt appears; qemu-ga is installed, and redis, which is not started; no timer
 * is active. The host name is `debian`. Root has no password: put a key into /root/.ssh/authorized_keys.
 *
 * It is built once for each state of the recipe and the agent, in vmlet-test of the user's cache directory.
 */
export async function debianGuest(): Promise<DebianGuest> {
  const cache = process.env['VMLET_TEST_CACHE'] ?? join(homedir(), '.cache', 'vmlet-test');
  const directory = join(cache, 'debian-guest');
  const path = join(directory, `${(await buildInputsDigest(RECIPE)).slice(0, 16)}.qcow2`);
  if (!existsSync(path)) {
    await withStoreLock(directory, {}, async (scope) => {
      // Another test may have built it in the meantime.
      if (existsSync(path)) return;
      await removeOld(directory);
      const work = await makeBuildDirectory(directory, scope);
      const built = join(work, 'disk.qcow2');
      await buildDistributionDisk({ ...RECIPE, to: built, work });
      await chmod(built, 0o444);
      await rename(built, path);
    });
  }
  return { path, format: 'qcow2' };
}

/** Disks of older recipes and agents. */
async function removeOld(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!/\.(qcow2|raw)$/.test(name)) continue;
    const path = join(directory, name);
    if (Date.now() - (await stat(path)).mtimeMs > WEEK_MS) await rm(path);
  }
}
