import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { ReplacedError, isSystemError } from '../../errors/index.ts';

/** Returns another text when another file takes the place of a disk's, even with the same path and inode. */
export function diskId(path: string): string {
  return createHash('sha256')
    .update(`${path}\0${fileIdentity(path)}`)
    .digest('hex')
    .slice(0, 16);
}

/** @throws ReplacedError unless the disk of a machine still has the id that the caller has seen, if any. */
export function requireSameDisk(
  machine: string,
  { name, path }: { readonly name: string; readonly path: string },
  seen: string | undefined,
): void {
  if (seen === undefined || diskId(path) === seen) return;
  throw new ReplacedError(
    `disk "${name}" of machine "${machine}" was not changed: another disk has the same name now`,
    {
      hint: `list the disks again: vmlet disk ls ${machine}`,
    },
  );
}

function fileIdentity(path: string): string {
  try {
    const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
    return [dev, ino, birthtimeNs].join(' ');
  } catch (error) {
    if (isSystemError(error)) return String(error.code);
    throw error;
  }
}
