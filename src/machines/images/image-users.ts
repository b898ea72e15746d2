import { accessSync, closeSync, constants, openSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { ownerOfBuild } from '../../images/store/build-directory.ts';
import type { UsersOf } from '../../images/store/remove-image.ts';
import { KeptGuests } from '../../template/kept/kept-guests.ts';
import { poolsAt } from '../../template/pool/named-pools.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { agentProgram } from '../../machine/paths/package-files.ts';
import { ownerInName } from '../../machine/paths/runtime-directory.ts';
import { describeThrowAway } from '../../machine/volume/volume.ts';
import { type UserText, templateTexts, usersIn } from '../../machine/paths/template-records.ts';
import { isAlive } from '../../process/procfs/identity.ts';
import { machineNames } from '../record/definition.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** A qcow2 file has the name of its backing file in its first cluster, which has this size by default. */
const HEADER_BYTES = 64 * 1024;
/**
 * The definition of a machine that boots `micro`. Each start finds the image again, so that the definition does not name its
 * directory.
 */
const BOOTS_MICRO = /"boot":\s*\{[^}]*"kind":\s*"image"/;

/**
 * Finds the users of an image: machines (throw-away ones too), pools, templates, and disks that outlived their machine. Their
 * files are searched for the image's directory name, so that even a machine with an invalid definition counts.
 */
export async function findImageUsers(locations: Locations): Promise<UsersOf> {
  const machines = machineTexts(locations);
  const usersOf = usersIn([
    ...machines,
    ...diskTexts(locations),
    ...templateTexts(locations),
    ...scratchTexts(locations),
    ...keptTexts(locations),
    ...buildTexts(locations),
  ]);
  const bootMicro = machines.filter(({ text }) => BOOTS_MICRO.test(text.toString())).map(({ user }) => user);
  if (bootMicro.length === 0) return usersOf;
  const { findMicro } = await import('../../images/micro/micro.ts');
  const micro = await findMicro(locations.images, agentProgram());
  return (image) => [...new Set([...usersOf(image), ...(image.digest === micro?.digest ? bootMicro : [])])];
}

/**
 * Finds the users of a file in the directory of kept disks: machines that adopted it, and disks, templates and throw-away
 * machines that are based on it. They name it in whole or as their backing file, so its base name is searched for.
 */
export function findDiskUsers(locations: Locations): (path: string) => string[] {
  const texts = [
    ...machineTexts(locations),
    ...diskTexts(locations),
    ...templateTexts(locations),
    ...scratchTexts(locations),
  ];
  return (path) =>
    texts
      .filter(({ user, text }) => user !== userOfDisk(path) && text.includes(basename(path)))
      .map(({ user }) => user);
}

/** The words for a kept disk among the users of a file. */
export function userOfDisk(path: string): string {
  return `disk ${path}`;
}

function machineTexts(locations: Locations): UserText[] {
  return machineNames(locations).flatMap((name) => {
    const { spec } = definitionFiles(join(locations.machines, name));
    const text = unlessMissing(() => readFileSync(spec));
    return text === undefined ? [] : [{ user: `machine "${name}"`, text }];
  });
}

function diskTexts({ disks }: Locations): UserText[] {
  return beginningsIn(disks).map(({ path, text }) => ({ user: userOfDisk(path), text }));
}

/** Overlays of running `vmlet run` machines, and of pools. Those of a dead owner do not count. */
function scratchTexts(locations: Locations): UserText[] {
  const { scratch } = locations;
  const names = unlessMissing(() => readdirSync(scratch)) ?? [];
  const pools = new Map(poolsAt(locations).map(({ name, process }) => [process.pid, name]));
  return names.flatMap((name) => {
    const owner = ownerInName(name);
    if (!owner || !isAlive(owner)) return [];
    const pool = pools.get(owner.pid);
    const user = pool === undefined ? describeThrowAway(owner.pid) : `pool "${pool}"`;
    return beginningsIn(join(scratch, name)).map(({ text }) => ({ user, text }));
  });
}

/** Kept guests from which a machine runs, or that a process is creating. The others go with the image. */
function keptTexts(locations: Locations): UserText[] {
  const guests = new KeptGuests(locations);
  const creating = guests.unfinished().filter(({ active }) => active);
  const used = guests.list().filter(({ isUsed }) => isUsed);
  return [...creating, ...used].flatMap(({ directory }) =>
    beginningsIn(directory).map(({ text }) => ({ user: 'a throw-away machine', text })),
  );
}

/** Disks of unfinished images: their records name the base image only when they are complete. */
function buildTexts({ images }: Locations): UserText[] {
  const names = unlessMissing(() => readdirSync(images)) ?? [];
  return names.flatMap((name) => {
    const owner = ownerOfBuild(name);
    if (!owner || !isAlive(owner)) return [];
    const directory = join(images, name);
    const below = (unlessMissing(() => readdirSync(directory)) ?? []).map((child) => join(directory, child));
    const user = `an image that process ${owner.pid} is building`;
    return [directory, ...below]
      .filter(isReadable)
      .flatMap(beginningsIn)
      .filter(({ path }) => path.endsWith('.qcow2'))
      .map(({ text }) => ({ user, text }));
  });
}

/** The root of a system that is being installed belongs to other users, and contains no disks. */
function isReadable(directory: string): boolean {
  try {
    accessSync(directory, constants.R_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EACCES', 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

function beginningsIn(directory: string): { readonly path: string; readonly text: Buffer }[] {
  const entries = unlessMissing(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    const text = entry.isFile() ? unlessMissing(() => readBeginning(path)) : undefined;
    return text === undefined ? [] : [{ path, text }];
  });
}

function readBeginning(path: string): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}
