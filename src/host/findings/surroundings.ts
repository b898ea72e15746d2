import { lstatSync, readFileSync } from 'node:fs';
import { type CgroupAbility, findCgroupManager } from '../programs/cgroup-manager.ts';
import { type HelperPrograms, findHelpers } from '../programs/helpers.ts';
import { type NamespaceSettings, readNamespaceSettings } from './namespace-settings.ts';
import { findProgram } from '../../process/program.ts';
import { type ProcessLimits, readProcessLimits } from './process-limits.ts';
import { type FileSystem, fileSystemOf } from '../../util/files/file-system.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

export type PackageManager = 'apt' | 'dnf';

/** The limits for kept guests, and where the user has set them: a variable, or a key and its file. */
export interface KeptGuestLimits {
  /** Space for all of them; 0 keeps none. */
  readonly bytes: number;
  /** Undefined for the default. */
  readonly bytesFrom: string | undefined;
  /** Age since the boot. */
  readonly days: number;
  readonly daysFrom: string | undefined;
}

/** Facts about the host that change too often to be cached with a survey. */
export interface Surroundings {
  /** Whose package names to use in hints; undefined for neither Debian's nor Fedora's. */
  readonly packageManager: PackageManager | undefined;
  /** True with apt-get and dpkg-deb, or with dnf: they provide the micro image's kernel and unpack it. */
  readonly canDownloadPackages: boolean;
  readonly runtimeDirectory: {
    readonly path: string;
    /** True when XDG_RUNTIME_DIR names it. */
    readonly fromEnvironment: boolean;
    /** The usual place, if another user owns it; equal to `path` when no other was found, so that no machine can run. */
    readonly taken?: string;
  };
  readonly dataDirectory: { readonly path: string; readonly freeBytes: number };
  /** Holds kept guests. */
  readonly cacheDirectory: { readonly path: string } & Pick<FileSystem, 'freeBytes' | 'isOnNetwork'>;
  /** Or the problem that prevents reading them. */
  readonly keptGuests: KeptGuestLimits | { readonly problem: string; readonly remedy: string };
  /** The code of the UEFI firmware that machines get by default, or why there is none. */
  readonly uefi: { readonly path: string } | { readonly problem: string };
  readonly namespaceSettings: NamespaceSettings;
  readonly helpers: HelperPrograms;
  /** Hard limits of this process and its children. */
  readonly processLimits: ProcessLimits;
  /** Whether machines can have limits. */
  readonly limits: CgroupAbility;
}

export interface SurroundingsOptions {
  readonly runtimeDirectory: string;
  /** The place that it would have if no other user owned it; `runtimeDirectory` by default. */
  readonly usualRuntimeDirectory?: string;
  /** Directory of images; it need not exist yet. */
  readonly dataDirectory: string;
  /** It need not exist yet either. */
  readonly cacheDirectory: string;
  readonly keptGuests: Surroundings['keptGuests'];
  readonly uefi: Surroundings['uefi'];
  readonly osRelease?: string;
}

export function inspectSurroundings(options: SurroundingsOptions): Surroundings {
  const packageManager = packageManagerOf(options.osRelease ?? readOsRelease());
  return {
    packageManager,
    canDownloadPackages: canDownload(),
    runtimeDirectory: {
      path: options.runtimeDirectory,
      fromEnvironment: process.env['XDG_RUNTIME_DIR']?.startsWith('/') ?? false,
      ...takenPlace(options),
    },
    dataDirectory: {
      path: options.dataDirectory,
      freeBytes: fileSystemOf(options.dataDirectory).freeBytes,
    },
    cacheDirectory: placeOf(options.cacheDirectory),
    keptGuests: options.keptGuests,
    uefi: options.uefi,
    namespaceSettings: readNamespaceSettings(),
    helpers: findHelpers(),
    processLimits: readProcessLimits(),
    limits: findCgroupManager(process.getuid?.() ?? 0, process.env),
  };
}

function placeOf(path: string): Surroundings['cacheDirectory'] {
  const { freeBytes, isOnNetwork } = fileSystemOf(path);
  return { path, freeBytes, isOnNetwork };
}

/** Looks for the programs that `findHostPackageSource` uses. */
function canDownload(): boolean {
  const hasApt = findProgram('apt-get') !== undefined && findProgram('dpkg-deb') !== undefined;
  return hasApt || findProgram('dnf') !== undefined;
}

function takenPlace({ runtimeDirectory, usualRuntimeDirectory = runtimeDirectory }: SurroundingsOptions): {
  taken?: string;
} {
  const found = lstatSync(runtimeDirectory, { throwIfNoEntry: false });
  const isTaken = found !== undefined && found.uid !== process.getuid?.();
  return isTaken || usualRuntimeDirectory !== runtimeDirectory ? { taken: usualRuntimeDirectory } : {};
}

/** Source: os-release(5). ID_LIKE names the distributions that a derivative is based on, closest first. */
function packageManagerOf(osRelease: string): PackageManager | undefined {
  const value = (key: string): string[] =>
    (new RegExp(`^${key}=(.*)$`, 'm').exec(osRelease)?.[1] ?? '').replace(/["']/g, '').split(' ');
  const families = [...value('ID'), ...value('ID_LIKE')];
  if (families.some((name) => name === 'debian' || name === 'ubuntu')) return 'apt';
  if (families.some((name) => name === 'fedora' || name === 'rhel')) return 'dnf';
  return undefined;
}

function readOsRelease(): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = unlessMissing(() => readFileSync(path, 'utf8'));
    if (text !== undefined) return text;
  }
  return '';
}
