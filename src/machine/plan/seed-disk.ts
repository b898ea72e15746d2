import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { type Seed, parseSeedOptions } from '../../guest/seed/options.ts';
import { readAgent } from '../../images/record/agent-file.ts';
import type { GuestDescription } from '../../images/record/guest-description.ts';
import type { DiskImage } from '../../images/record/image.ts';
import { userName } from '../../util/user-name.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { agentProgram } from '../paths/package-files.ts';

const ROOT = 'root';
/** What useradd takes everywhere. */
const LOGIN = /^[a-z_][a-z0-9_-]{0,31}$/;

/**
 * Whether a machine gets a seed: when its owner asks for something that goes into one, or when its image has to be
 * given the agent.
 * @param image undefined for a disk file of the user's, of which nothing is known.
 * @throws InvalidInputError when the image has nothing that reads one.
 */
export function needsSeed(
  seed: Seed | undefined,
  image: Pick<DiskImage, 'name' | 'guest'> | undefined,
): boolean {
  if (image?.guest.provisioner === 'none') {
    if (seed === undefined) return false;
    throw new InvalidInputError(
      'seed',
      `the image ${image.name} has nothing that reads it at its first boot`,
      {
        hint: 'leave it out, or take an image with cloud-init',
      },
    );
  }
  return seed !== undefined || (image !== undefined && !image.guest.agent);
}

/** The login that a seed makes where it names none: the host user's own name, or for root the one that the image knows. */
export function defaultLogin(guest: GuestDescription | undefined): string {
  const username = userName();
  return username !== ROOT && LOGIN.test(username) ? username : (guest?.user ?? ROOT);
}

export interface SeedMachine {
  readonly seed: Seed | undefined;
  readonly guest: GuestDescription | undefined;
  /** Another one makes the guest go through its first boot again. */
  readonly instanceId: string;
  readonly hostname: string;
  readonly macAddress: string | undefined;
}

export interface SeedContent {
  /** By which what reads it knows the file system. */
  readonly label: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * @throws InvalidInputError for user-data that cannot be read, or that what is in the image cannot take;
 *   ImageBuildError where the agent's program is missing.
 */
export async function seedContent(machine: SeedMachine): Promise<SeedContent> {
  const { guest, instanceId, hostname, macAddress } = machine;
  const provisioner = guest?.provisioner ?? 'cloud-init';
  if (provisioner === 'none') throw new TypeError('a seed for what reads none');
  const { makeSeed, seedLabel } = await import('../../guest/seed/make.ts');
  const files = await makeSeed(machine.seed ?? parseSeedOptions({}), {
    instanceId,
    hostname,
    macAddress,
    defaultUser: defaultLogin(guest),
    // FreeBSD runs no programs of Linux.
    agent: provisioner === 'nuageinit' ? undefined : await readAgent(agentProgram()),
    provisioner,
  });
  return { label: seedLabel(provisioner), files };
}

/** @throws NoSpaceError, and what `seedContent` throws. */
export async function writeSeedDisk(path: string, machine: SeedMachine): Promise<void> {
  const { label, files } = await seedContent(machine);
  const { fatImage } = await import('../../images/formats/fat.ts');
  const volumeId = createHash('sha256').update(machine.instanceId).digest().readUInt32LE();
  await writeImage(path, fatImage(files, { label, volumeId, time: new Date() }));
}

/**
 * The seed of a clone, for its own card and by its own name. To what reads it, it is the same instance: the first boot
 * is over.
 * @throws NoSpaceError
 */
export async function copySeedDisk(
  from: { readonly path: string; readonly macAddress: string },
  to: { readonly path: string; readonly macAddress: string; readonly hostname: string },
): Promise<void> {
  const { readFat } = await import('../../images/formats/fat-contents.ts');
  const { fatImage } = await import('../../images/formats/fat.ts');
  const { seedOfCopy } = await import('../../guest/seed/copy.ts');
  const { files, label, volumeId } = readFat(await readFile(from.path));
  const copied = await seedOfCopy(files, from, to);
  await writeImage(to.path, fatImage(copied, { label, volumeId, time: new Date() }));
}

async function writeImage(path: string, image: Uint8Array): Promise<void> {
  try {
    await writeFile(path, image, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    // Then it is somebody else's.
    if (!isSystemError(error, 'EEXIST')) await rm(path, { force: true });
    throw writeFailure(error, path);
  }
}
