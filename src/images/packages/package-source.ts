import { CommandFailedError, ImageBuildError, NoSpaceError } from '../../errors/index.ts';

/** A package of the host's distribution, resolved but not yet fetched. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

export interface FetchOptions {
  /** An empty directory for the package files. */
  readonly downloadDirectory: string;
  /** The directory that all of them are unpacked into. */
  readonly rootDirectory: string;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches and unpacks signed packages of the host's distribution, without root and without installing them. */
export interface PackageSource {
  /** Finds the packages of the newest kernel for guests and of its modules. @throws ImageBuildError */
  findKernel(signal: AbortSignal | undefined): Promise<readonly Package[]>;
  /** Finds a package by name. @throws ImageBuildError */
  find(name: string, signal: AbortSignal | undefined): Promise<Package>;
  /** The package with a statically linked busybox. */
  readonly busyboxPackage: string;
  /** @throws ImageBuildError, NoSpaceError, the signal's reason */
  fetch(packages: readonly Package[], options: FetchOptions): Promise<void>;
}

/** Converts the failure of a package tool into an error of ours; returns other errors unchanged. */
export function packageError(error: unknown, what: string, hint: string): unknown {
  if (!(error instanceof CommandFailedError)) return error;
  if (/No space left on device|enough free space|Disk quota exceeded/i.test(error.stderr)) {
    return new NoSpaceError(`${what}: no space left on device`, {
      hint: 'free some space (vmlet system df shows what vmlet uses), or set XDG_DATA_HOME to a directory on another file system; vmlet then no longer finds your existing images and machines',
      cause: error,
    });
  }
  return new ImageBuildError(`${what}: ${lastWords(error)}`, { hint, cause: error });
}

function lastWords(error: CommandFailedError): string {
  const lines = error.stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('W:'));
  return lines.at(-1)?.replace(/^E: /, '') ?? error.message;
}
