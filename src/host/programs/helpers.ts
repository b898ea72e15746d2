import { accessSync, constants } from 'node:fs';
import { findProgram } from '../../process/program.ts';

/** Absolute paths of helper programs that some machines need; undefined when missing. */
export interface HelperPrograms {
  readonly swtpm: string | undefined;
  /** Not on the PATH: distributions install it where QEMU looks for it. */
  readonly virtiofsd: string | undefined;
}

/** In libexec on Fedora and Debian 13, with QEMU on Debian 12 and sid, in its own place on Arch. */
const VIRTIOFSD = ['/usr/libexec/virtiofsd', '/usr/lib/qemu/virtiofsd', '/usr/lib/virtiofsd'];

export function findHelpers(): HelperPrograms {
  return {
    swtpm: findProgram('swtpm'),
    virtiofsd: findProgram('virtiofsd') ?? VIRTIOFSD.find(isExecutable),
  };
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
