import { accessSync, constants, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { findProgram } from '../../process/program.ts';

/** Absolute paths of optional programs; undefined when missing. */
export interface HelperPrograms {
  readonly swtpm: string | undefined;
  /** Not on the PATH: distributions install it where QEMU looks for it. */
  readonly virtiofsd: string | undefined;
  /** Formats volumes, and the disk of `micro` at /data. */
  readonly mke2fs: string | undefined;
}

/** Descriptions of programs that QEMU connects to (its docs/interop/vhost-user.json). */
const DESCRIPTIONS = ['/etc/qemu/vhost-user', '/usr/share/qemu/vhost-user'];

/** In libexec on Fedora and Debian 13, with QEMU on Debian 12 and sid, in its own place on Arch. */
const VIRTIOFSD = ['/usr/libexec/virtiofsd', '/usr/lib/qemu/virtiofsd', '/usr/lib/virtiofsd'];

export function findHelpers(): HelperPrograms {
  return {
    swtpm: findProgram('swtpm'),
    virtiofsd: findVirtiofsd(),
    mke2fs: findProgram('mke2fs'),
  };
}

/** Returns the absolute path of virtiofsd; undefined when it is missing. */
export function findVirtiofsd(): string | undefined {
  return findProgram('virtiofsd') ?? VIRTIOFSD.find(isExecutable) ?? describedServers().find(isExecutable);
}

function describedServers(): string[] {
  return DESCRIPTIONS.flatMap((directory) =>
    namesIn(directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => describedServer(join(directory, name)) ?? []),
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

function describedServer(path: string): string | undefined {
  try {
    const { type, binary } = JSON.parse(readFileSync(path, 'utf8')) as { type?: unknown; binary?: unknown };
    return type === 'fs' && typeof binary === 'string' && binary.startsWith('/') ? binary : undefined;
  } catch (error) {
    // QEMU does not read a file like that either.
    if (isSystemError(error) || error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Missing, or not executable for this user.
    return false;
  }
}
