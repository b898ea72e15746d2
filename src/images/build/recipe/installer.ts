import type { BuildFile } from '../../record/build-files.ts';
import type { CpuLevel } from '../../../util/cpu-level.ts';
import type { InstallProblem } from './install-problem.ts';
import type { Need } from './required-programs.ts';

/** A recipe that has been checked, with all that it names. */
export interface SettledRecipe {
  readonly installer: Installer;
  readonly release: Release;
  /** Sorted, each once. */
  readonly include: readonly string[];
  readonly scripts: readonly { readonly name: string; readonly content: Buffer }[];
  readonly agent: Buffer;
  readonly sizeBytes: number;
  readonly mirror: string | undefined;
  readonly key: Buffer | undefined;
  readonly files: readonly BuildFile[];
}

/** Where the build's own files are in the new system while it is made. */
export const BUILD_FOLDER = '.vmlet-build';

/** The environment variables that the scripts of an installation read. */
export const FILES_VARIABLE = 'VMLET_BUILD_FILES';
export const TOKEN_VARIABLE = 'VMLET_BUILD_TOKEN';

/** A distribution's release that can be built. */
export interface Release {
  /** As users write it. */
  readonly distribution: string;
  /** As people read it. */
  readonly title: string;
  /** One for each release, however it was written. */
  readonly version: string;
  /** Whom cloud-init makes when the seed does not say. */
  readonly user: string;
  readonly cpu: CpuLevel;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

export interface InstallPlace {
  /** A directory for what the installer reads. */
  readonly work: string;
  /** The directory with what goes into the new system. */
  readonly files: string;
  /** The directory to make the system in. */
  readonly root: string;
  readonly signal: AbortSignal | undefined;
}

/** How the packages of some distributions become a system in a directory. */
export interface Installer {
  /** The folder with the files that only its systems get. */
  readonly folder: 'debian' | 'fedora';
  /** GRUB's own directory in the new system. */
  readonly grubFolder: string;
  readonly needs: readonly Need[];
  /** Whether a mirror may be signed by another key than the distribution's. */
  readonly takesKey: boolean;
  /** @throws InvalidInputError for a release that cannot be built. */
  release(distribution: string, version: string): Release;
  isPackageName(name: string): boolean;
  /**
   * Writes what the program reads.
   * @returns its command line, for root of a namespace. It puts the files into the system, runs `make-boot-loaders`,
   *   `configure` and then the scripts by `run-script` there.
   */
  command(recipe: SettledRecipe, place: InstallPlace): Promise<[string, ...string[]]>;
  /** What the lines mean that came before the end of a failed installation; undefined where that is not known. */
  problemOf(lines: readonly string[]): InstallProblem | undefined;
  /** Sorted by name. */
  installedPackages(root: string): Promise<readonly InstalledPackage[]>;
  /** Where /etc/resolv.conf leads to; undefined where the system makes that file itself. */
  readonly resolverLink: string | undefined;
}
