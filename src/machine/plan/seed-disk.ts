import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import type { CopyTarget } from '../../guest/seed/seed-of-copy.ts';
import { type Seed, parseSeedOptions } from '../../guest/seed/seed-options.ts';
import { readAgent } from '../../images/record/agent-file.ts';
import type { GuestDescription } from '../../images/record/guest-description.ts';
import type { DiskImage } from '../../images/record/image.ts';
import { userName } from '../../util/system/user-name.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { agentProgram } from '../paths/package-files.ts';

const ROOT = 'root';
/** Login names that useradd accepts everywhere. */
const LOGIN = /^[a-z_][a-z0-9_-]{0,31}$/;

/**
 * Returns whether a machine gets a seed: when the user asks for something that goes into one, or when the
 * agent must be installed in the image.
 * @param image undefined for a disk file of the user, about which nothing is known.
 * @throws InvalidInputError when nothing in the image reads a seed.
 */
export function needsSeed(
  seed: Seed | undefined,
  image: Pick<DiskImage, 'name' | 'guest'> | undefined,
): boolean {
  if (image?.guest.provisioner === 'none') {
    if (seed === undefined) return false;
    throw new InvalidInputError(
      'seed',
      `requires cloud-init, which is not installed in image "${image.name}"`,
      {
        hint: 'leave out all options for the first boot, such as --cloud-init and --username, or use an image with cloud-init',
      },
    );
  }
  return seed !== undefined || (image !== undefined && !image.guest.agent);
}

/** Returns whether vmlet's agent starts in a guest: its image contains it, or its seed installs it. */
export function hasAgent({ agent, provisioner }: GuestDescription, hasSeed: boolean): boolean {
  return agent || (hasSeed && installsAgent(provisioner));
}

/** FreeBSD does not run Linux programs. */
function installsAgent(provisioner: GuestDescription['provisioner']): boolean {
  return provisioner !== 'nuageinit';
}

/**
 * Returns the login that a seed creates if it names none: the host user's name, or for root the image's
 * default user.
 */
export function defaultLogin(guest: GuestDescription | undefined): string {
  const username = userName();
  return username !== ROOT && LOGIN.test(username) ? username : (guest?.user ?? ROOT);
}

export interface SeedMachine {
  readonly seed: Seed | undefined;
  readonly guest: GuestDescription | undefined;
  /** A new value makes the guest repeat its first boot. */
  readonly instanceId: string;
  readonly hostname: string;
  readonly macAddress: string | undefined;
}

export interface SeedContent {
  /** File system label by which cloud-init and its like find the seed. */
  readonly label: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * @throws InvalidInputError for user-data that is unreadable or not supported by the image; ImageBuildError
 * when the agent's program is missing.
 */
export async function seedContent(machine: SeedMachine): Promise<SeedContent> {
  const { guest, instanceId, hostname, macAddress } = machine;
  const provisioner = guest?.provisioner ?? 'cloud-init';
  if (provisioner === 'none') throw new TypeError('a seed for an image without a provisioner');
  const { makeSeed, seedLabel } = await import('../../guest/seed/make.ts');
  const files = await makeSeed(machine.seed ?? parseSeedOptions({}), {
    instanceId,
    hostname,
    macAddress,
    defaultUser: defaultLogin(guest),
    agent: installsAgent(provisioner) ? await readAgent(agentProgram()) : undefined,
    provisioner,
  });
  return { label: seedLabel(provisioner), files };
}

/** @throws NoSpaceError, and the errors of `seedContent`. */
export async function writeSeedDisk(path: string, machine: SeedMachine): Promise<void> {
  const { label, files } = await seedContent(machine);
  const { fatImage } = await import('../../images/formats/fat.ts');
  const volumeId = createHash('sha256').update(machine.instanceId).digest().readUInt32LE();
  await writeImage(path, fatImage(files, { label, volumeId, time: new Date() }));
}

/**
 * Writes a copy of a seed for another network card or host name: of a clone, or after a change. Unless it is replaced, the
 * instance ID is the same, so the first boot is not repeated.
 * @throws NoSpaceError
 */
export async function copySeedDisk(
  from: { readonly path: string; readonly macAddress: string },
  to: { readonly path: string } & CopyTarget,
): Promise<void> {
  const { readFat } = await import('../../images/formats/fat-contents.ts');
  const { fatImage } = await import('../../images/formats/fat.ts');
  const { seedOfCopy } = await import('../../guest/seed/seed-of-copy.ts');
  const { files, label, volumeId } = readFat(await readFile(from.path));
  const copied = await seedOfCopy(files, from, to);
  await writeImage(to.path, fatImage(copied, { label, volumeId, time: new Date() }));
}

async function writeImage(path: string, image: Uint8Array): Promise<void> {
  try {
    await writeFile(path, image, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    // The existing file belongs to someone else.
    if (!isSystemError(error, 'EEXIST')) await rm(path, { force: true });
    throw writeFailure(error, path);
  }
}
