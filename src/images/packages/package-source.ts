import { CommandFailedError, ImageBuildError, NoSpaceError } from '../../errors/index.ts';

/** A package of the host's distribution, settled but not yet fetched. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

export interface FetchOptions {
  /** An empty directory for the package files. */
  readonly downloadDirectory: string;
  /** Where they are unpacked, all into one tree. */
  readonly rootDirectory: string;
  /** Called with 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The host distribution's signed packages, fetched and unpacked without root and without installing anything. */
export interface PackageSource {
  /** The newest kernel for guests, as the packages that hold it and its modules. @throws ImageBuildError */
  findKernel(signal: AbortSignal | undefined): Promise<readonly Package[]>;
  /** One package by name. @throws ImageBuildError */
  find(name: string, signal: AbortSignal | undefined): Promise<Package>;
  /** The package that holds a statically linked busybox. */
  readonly busyboxPackage: string;
  /** @throws ImageBuildError, NoSpaceError, the signal's reason */
  fetch(packages: readonly Package[], options: FetchOptions): Promise<void>;
}

/** Turns the failure of a package tool into an error of ours; anything that is not one passes through. */
export function packageError(error: unknown, what: string, hint: string): unknown {
  if (!(error instanceof CommandFailedError)) return error;
  if (/No space left on device|enough free space|Disk quota exceeded/i.test(error.stderr)) {
    return new NoSpaceError(`the disk is full: ${what}`, {
      hint: 'Make room, or set XDG_DATA_HOME to a place that has it.',
      cause: error,
    });
  }
  return new ImageBuildError(`${what}: ${lastWords(error)}`, { hint, cause: error });
}

function lastWords(error: CommandFailedError): string {
  const lines = error.stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('W:'));
  return lines.at(-1)?.replace(/^E: /, '') ?? error.message;
}
