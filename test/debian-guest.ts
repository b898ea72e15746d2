import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MissingProgramError } from '../src/errors/index.ts';
import { diskLayout } from '../src/images/build/disk/disk-layout.ts';
import { SECTOR_BYTES } from '../src/images/build/disk/partition-table.ts';
import { fileSha256 } from '../src/images/digest/sha256.ts';
import { convertDisk } from '../src/images/qemu-img/qemu-img.ts';
import { makeBuildDirectory } from '../src/images/store/build-directory.ts';
import { buildDistributionDisk, buildInputsDigest } from '../src/images/build/distribution-disk.ts';
import { debian } from '../src/images/build/packages/debian-installer.ts';
import type { DistributionRecipe } from '../src/images/build/recipe.ts';
import { requirePrograms } from '../src/images/build/recipe/required-programs.ts';
import { withStoreLock } from '../src/images/store/lock.ts';
import { findProgram } from '../src/process/program.ts';
import { run } from '../src/process/run.ts';

const SIZE_BYTES = 2 * 1024 ** 3;
const ROOT = join(import.meta.dirname, '..');
const RECIPE: DistributionRecipe = {
  ...{ distribution: 'debian', release: '13' },
  include: ['qemu-guest-agent', 'redis-server'],
  run: [{ path: join(ROOT, 'fixtures/guests/debian/set-up') }],
  agent: join(ROOT, 'dist/guest-agent/vmlet-agent'),
  sizeBytes: SIZE_BYTES,
};
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** The time limit of the hook that calls `debianGuest`: the first call ever installs Debian. */
export const DEBIAN_GUEST_TIMEOUT_MS = 900_000;

export interface DebianGuest {
  /** Read-only; make an overlay. */
  readonly path: string;
  readonly format: 'qcow2';
  readonly sha256: string;
}

/** The files of vmlet's agent in a disk that `vmlet image build` creates. */
export const AGENT_FILES: readonly string[] = [
  '/usr/local/sbin/vmlet-agent',
  '/etc/systemd/system/vmlet-agent.service',
  '/etc/udev/rules.d/90-vmlet-agent.rules',
];

const DISK = 'disk.qcow2';
const WITHOUT_AGENT = 'without-agent.qcow2';

/** The reason why this host can have no Debian guest, or undefined. */
export function whyNoDebianGuest(): string | undefined {
  try {
    requirePrograms(debian);
    if (findProgram('debugfs') === undefined) throw new MissingProgramError('debugfs');
    return undefined;
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error;
    return `no Debian guest can be made: ${error.message}; ${error.hint ?? ''} (scripts/install-needs image-build)`;
  }
}

/** Returns the root file system's offset in the raw disk, for tools of ext4. */
export function rootFileSystemIn(raw: string): string {
  const { root } = diskLayout(SIZE_BYTES, () => '');
  return `${raw}?offset=${root.firstSector * SECTOR_BYTES}`;
}

/**
 * A disk with Debian 13 as `vmlet image build` creates it: it boots by GRUB under BIOS, UEFI and Secure Boot, has
 * networkd and resolved (DHCP), sshd (whose host key is created at its first start), cloud-init, which does nothing
 * without a seed, and our agent. fixtures/guests/debian adds what only tests need: the serial port, at 115200, logs in
 * root; the power button works once the prompt appears; qemu-ga is installed, and redis, which is not started; no timer
 * is active; the kernel skips some self-tests. The host name is `debian`. Root has no password: put a key into
 * /root/.ssh/authorized_keys.
 *
 * It is built once for each state of the recipe and the agent, in vmlet-test of the user's cache directory.
 */
export async function debianGuest(): Promise<DebianGuest> {
  return guestIn(await builtDirectory(), DISK);
}

/** The same disk without vmlet's agent. */
export async function debianGuestWithoutAgent(): Promise<DebianGuest> {
  return guestIn(await builtDirectory(), WITHOUT_AGENT);
}

function guestIn(directory: string, name: string): DebianGuest {
  const path = join(directory, name);
  return { path, format: 'qcow2', sha256: readFileSync(`${path}.sha256`, 'utf8') };
}

async function builtDirectory(): Promise<string> {
  const cache = process.env['VMLET_TEST_CACHE'] ?? join(homedir(), '.cache', 'vmlet-test');
  const parent = join(cache, 'debian-guest');
  const inputs = createHash('sha256').update(await buildInputsDigest(RECIPE));
  const directory = join(parent, inputs.update(AGENT_FILES.join()).digest('hex').slice(0, 16));
  if (!existsSync(directory)) {
    await withStoreLock(parent, {}, async (scope) => {
      // Another test may have built it in the meantime.
      if (existsSync(directory)) return;
      await removeOld(parent);
      const work = await makeBuildDirectory(parent, scope);
      const built = join(work, 'built');
      await mkdir(built);
      const to = join(built, DISK);
      await buildDistributionDisk({ ...RECIPE, to, work });
      await deriveFrom(to, join(built, WITHOUT_AGENT), join(work, 'raw'));
      await rename(built, directory);
    });
  }
  const now = new Date();
  // In use: it is not removed for a week.
  await utimes(directory, now, now);
  return directory;
}

/** Makes the disk without the agent, and stores the digests of both. */
async function deriveFrom(disk: string, withoutAgent: string, raw: string): Promise<void> {
  await convertDisk({ from: { path: disk, format: 'qcow2' }, to: { path: raw, format: 'raw' } });
  const { stderr } = await run(['debugfs', '-w', '-f', '-', rootFileSystemIn(raw)], {
    input: Buffer.from(AGENT_FILES.map((file) => `rm ${file}\n`).join('')),
  });
  // It reports a failed command only by a message.
  if (stderr.includes('rm:')) throw new Error(`the agent cannot be removed from the disk: ${stderr}`);
  await convertDisk({ from: { path: raw, format: 'raw' }, to: { path: withoutAgent, format: 'qcow2' } });
  for (const path of [disk, withoutAgent]) {
    await writeFile(`${path}.sha256`, await fileSha256(path, undefined));
    await chmod(path, 0o444);
  }
}

/** Guests of older recipes and agents. */
async function removeOld(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    // Older checkouts keep a file for each.
    if (!/^[0-9a-f]{16}(\.qcow2)?$/.test(name)) continue;
    const path = join(parent, name);
    if (Date.now() - (await stat(path)).mtimeMs <= WEEK_MS) continue;
    // One that is half removed is not taken for a guest.
    const removed = join(parent, `removed-${name}`);
    await rename(path, removed);
    await rm(removed, { recursive: true });
  }
}
