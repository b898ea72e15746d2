import { lstatSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { type CgroupAbility, findCgroupManager } from '../programs/cgroup-manager.ts';
import { type HelperPrograms, findHelpers } from '../programs/helpers.ts';
import { type NamespaceSettings, readNamespaceSettings } from './namespace-settings.ts';
import { findProgram } from '../../process/program.ts';
import { type ProcessLimits, readProcessLimits } from './process-limits.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

export type PackageManager = 'apt' | 'dnf';

/** What changes too easily to be cached with a survey. */
export interface Surroundings {
  /** Which family of package names to speak of; undefined for neither Debian's nor Fedora's. */
  readonly packageManager: PackageManager | undefined;
  /** Whether apt-get and dpkg-deb are there, or dnf: the micro image's kernel comes from there, and what unpacks it. */
  readonly canDownloadPackages: boolean;
  readonly runtimeDirectory: {
    readonly path: string;
    /** Whether XDG_RUNTIME_DIR names it. */
    readonly fromEnvironment: boolean;
    /** The usual place, where another user has it: `path` where no other was found, so that no machine can run. */
    readonly taken?: string;
  };
  readonly dataDirectory: { readonly path: string; readonly freeBytes: number };
  readonly namespaceSettings: NamespaceSettings;
  readonly helpers: HelperPrograms;
  /** What this process and its children may have at most. */
  readonly processLimits: ProcessLimits;
  /** Whether machines can be given limits. */
  readonly limits: CgroupAbility;
}

export interface SurroundingsOptions {
  readonly runtimeDirectory: string;
  /** Where it would be if another user had not taken that; the same by default. */
  readonly usualRuntimeDirectory?: string;
  /** Where images are kept; it need not exist yet. */
  readonly dataDirectory: string;
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
    dataDirectory: { path: options.dataDirectory, freeBytes: freeBytes(options.dataDirectory) },
    namespaceSettings: readNamespaceSettings(),
    helpers: findHelpers(),
    processLimits: readProcessLimits(),
    limits: findCgroupManager(process.getuid?.() ?? 0, process.env),
  };
}

/** What `findHostPackageSource` looks for. */
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

/** Source: os-release(5). ID_LIKE names what a derivative comes from, nearest first. */
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

/** Of the file system that `path` is or will be on, for ordinary users. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') && dirname(path) !== path) return freeBytes(dirname(path));
    if (isSystemError(error)) return 0;
    throw error;
  }
}
