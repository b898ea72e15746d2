import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../errors.ts';
import { type Image, imageDirectoryName } from '../images/image.ts';
import type { UsersOf } from '../images/remove-image.ts';
import type { Locations } from '../machine/locations.ts';
import { machineNames } from './definition.ts';
import { definitionFiles } from './machine-files.ts';

/** A qcow2 holds the name of its backing file within its first cluster, which is as large as this by default. */
const HEADER_BYTES = 64 * 1024;

/**
 * Which machines, and which disks that outlived theirs, stand on an image. Their texts are searched for the image's
 * directory, so that a machine counts whose definition cannot be understood.
 */
export function findImageUsers(locations: Locations): UsersOf {
  const texts = [...machineTexts(locations), ...diskTexts(locations)];
  return (image: Image) => {
    const directory = imageDirectoryName(image.digest);
    return texts.filter(({ text }) => text.includes(directory)).map(({ user }) => user);
  };
}

interface UserText {
  readonly user: string;
  readonly text: Buffer;
}

function machineTexts(locations: Locations): UserText[] {
  return machineNames(locations).flatMap((name) => {
    const { spec } = definitionFiles(join(locations.machines, name));
    const text = unlessGone(() => readFileSync(spec));
    return text === undefined ? [] : [{ user: `the machine ${name}`, text }];
  });
}

function diskTexts({ disks }: Locations): UserText[] {
  const names = unlessGone(() => readdirSync(disks)) ?? [];
  return names.flatMap((name) => {
    const path = join(disks, name);
    const text = unlessGone(() => readBeginning(path));
    return text === undefined ? [] : [{ user: `the disk ${path}`, text }];
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

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
