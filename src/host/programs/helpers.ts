import { accessSync, constants } from 'node:fs';
import { findProgram } from '../../process/program.ts';

/** Programs that some machines need beside QEMU, as absolute paths; undefined where there is none. */
export interface HelperPrograms {
  readonly swtpm: string | undefined;
  /** It is not on the PATH: distributions have it where QEMU would look for it. */
  readonly virtiofsd: string | undefined;
}

/** Fedora and Debian 13 have it in libexec, Debian 12 and sid with QEMU, Arch by itself. */
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
    // There is none, or not for this user.
    return false;
  }
}
