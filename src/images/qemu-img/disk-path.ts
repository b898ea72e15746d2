import { resolve } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';

/** QEMU's limit on the name of a backing file in a qcow2 header, in bytes. */
const BACKING_NAME_LIMIT = 1023;

/**
 * Returns the absolute form of a path, which QEMU's tools take literally: with a leading slash it cannot be parsed as
 * an option, a protocol ("nbd:…") or a pseudo-protocol ("json:…"). Commas, spaces, "=", quotes and newlines are not
 * special in it.
 * @throws InvalidInputError for strings that cannot be the name of a file.
 */
export function diskPath(path: string, field: string): string {
  if (path === '') throw new InvalidInputError(field, 'the path is empty');
  if (path.includes('\0')) throw new InvalidInputError(field, 'a path cannot contain a NUL byte');
  // Half of a surrogate pair would reach the kernel as another character.
  if (/\p{Surrogate}/u.test(path)) {
    throw new InvalidInputError(field, `${JSON.stringify(path)} is not valid Unicode`);
  }
  return resolve(path);
}

/** Checks the name of a backing file. @throws InvalidInputError for a name that does not fit into a qcow2 header. */
export function backingName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes > BACKING_NAME_LIMIT) {
    throw new InvalidInputError(
      'backingPath',
      `the path of the backing file has ${bytes} bytes, but a qcow2 image can store at most ${BACKING_NAME_LIMIT}`,
      { hint: 'move the backing file to a directory with a shorter path' },
    );
  }
  return name;
}
