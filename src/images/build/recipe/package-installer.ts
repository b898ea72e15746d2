import type { BuildFile } from '../../record/build-files.ts';
import type { CpuLevel } from '../../../util/system/cpu-level.ts';
import type { InstallProblem } from './install-problem.ts';
import type { Need } from './required-programs.ts';

/** A checked recipe, with the contents of its files. */
export interface SettledRecipe {
  readonly installer: Installer;
  readonly release: Release;
  /** Sorted, without duplicates. */
  readonly include: readonly string[];
  readonly scripts: readonly { readonly name: string; readonly content: Buffer }[];
  readonly agent: Buffer;
  readonly sizeBytes: number;
  readonly mirror: string | undefined;
  readonly key: Buffer | undefined;
  readonly files: readonly BuildFile[];
}

/** The directory of the build's own files in the new system, removed at the end. */
export const BUILD_FOLDER = '.vmlet-build';

/** Environment variables for the scripts of an installation. */
export const FILES_VARIABLE = 'VMLET_BUILD_FILES';
export const TOKEN_VARIABLE = 'VMLET_BUILD_TOKEN';

/** A release that can be built. */
export interface Release {
  /** The distribution's name, as users write it. */
  readonly distribution: string;
  /** The distribution's name, as messages show it. */
  readonly title: string;
  /** The release's canonical name, however the user wrote it. */
  readonly version: string;
  /** The user that cloud-init creates by default. */
  readonly user: string;
  readonly cpu: CpuLevel;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

export interface InstallPlace {
  /** A directory for the installer's configuration. */
  readonly work: string;
  /** The directory of the files to copy into the new system. */
  readonly files: string;
  /** The directory to install the system into. */
  readonly root: string;
  readonly signal: AbortSignal | undefined;
}

/** Installs the packages of some distributions into a directory. */
export interface Installer {
  /** The folder of the files for its systems only. */
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
   * Writes the installer's configuration.
   * @returns its command line, to be run as root of a namespace. It copies the files into the system, and there runs
   *   `make-boot-loaders`, `configure` and, with `run-script`, each script.
   */
  command(recipe: SettledRecipe, place: InstallPlace): Promise<[string, ...string[]]>;
  /** Recognizes the cause of a failure in the last lines of output; undefined where it is unknown. */
  problemOf(lines: readonly string[]): InstallProblem | undefined;
  /** Lists the installed packages, sorted by name. */
  installedPackages(root: string): Promise<readonly InstalledPackage[]>;
  /** Target of the link /etc/resolv.conf; undefined where the system creates that file itself. */
  readonly resolverLink: string | undefined;
}
