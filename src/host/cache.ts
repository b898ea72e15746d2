import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { isSystemError } from '../errors/index.ts';
import { currentBootId } from '../process/procfs/identity.ts';
import { exchangeFile } from '../util/files/atomic-file.ts';
import { makeDirectories } from '../util/files/make-directories.ts';
import type { Survey } from './survey/host.ts';
import { SURVEY_VERSION } from './survey/survey-version.ts';
import { readOwnFile } from '../util/files/own-entries.ts';

/** Absolute paths of the programs that a survey covers; undefined for those that are missing. */
export interface HostPrograms {
  readonly qemu: string | undefined;
  readonly qemuImg: string | undefined;
  readonly passt: string | undefined;
  readonly virtiofsd: string | undefined;
  /** vmlet's own confinement program. */
  readonly confine: string;
}

const CACHE_FILE = 'host.json';
/** Installations and QEMUs that are used in turn keep their surveys. */
const MAX_ENTRIES = 4;

interface Entry {
  readonly key?: unknown;
  readonly digest?: unknown;
  readonly survey: Survey;
}

/** Settings that decide whether ordinary users may create namespaces; they can change without a reboot. */
const NAMESPACE_SETTINGS = [
  '/proc/sys/user/max_user_namespaces',
  '/proc/sys/kernel/unprivileged_userns_clone',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
];

/**
 * Returns the key of a survey: this boot and kernel, the path, time and size of each program, access to /dev/kvm, and
 * restrictions that prevent us from confining programs. A survey with the same key may be used again.
 */
export function surveyKey(programs: HostPrograms): string {
  const parts = Object.entries(programs).map(([name, path]: [string, string | undefined]) =>
    path === undefined ? name : `${name} ${describeFile(path)}`,
  );
  const identity = `${process.getuid?.() ?? ''}:${process.getgroups?.().join(',') ?? ''}`;
  return [
    `shape ${SURVEY_VERSION}`,
    currentBootId(),
    release(),
    identity,
    describeFile('/dev/kvm'),
    ...NAMESPACE_SETTINGS.map(readIfThere),
    ...(readIfThere('/proc/self/status').match(/^(?:NoNewPrivs|Seccomp):.*$/gm) ?? []),
    ...parts,
  ].join('\n');
}

function describeFile(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return path;
  return `${path} ${found.mtimeMs} ${found.size} ${found.mode} ${found.gid}`;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return '';
    throw error;
  }
}

/**
 * Returns the cached survey for a key, or undefined. It is synchronous, since every launch waits for it. For the same
 * reason it compares a digest (0.3 ms) and does not run the schema again (5 to 8 ms in a new process): the same version
 * of the schema validated the survey when it was written.
 */
export function readCachedSurvey(cacheDirectory: string, key: string): Survey | undefined {
  const cached = readEntries(cacheDirectory).find((entry) => entry.key === key);
  return cached && cached.digest === digestOf(cached.survey) ? cached.survey : undefined;
}

function readEntries(cacheDirectory: string): readonly Entry[] {
  try {
    // It names the programs to start, and XDG_CACHE_HOME may be in a directory that all users share.
    const bytes = readOwnFile(join(cacheDirectory, CACHE_FILE));
    const entries: unknown = JSON.parse(bytes?.toString() ?? '[]');
    return Array.isArray(entries) ? entries.filter((entry): entry is Entry => isObject(entry)) : [];
  } catch (error) {
    // An unreadable cache counts as a missing one.
    if (isSystemError(error) || error instanceof SyntaxError) return [];
    throw error;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** The digest of a list with one entry, since undefined has no JSON. */
function digestOf(survey: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([survey]))
    .digest('hex');
}

/** Adds to the cache; the oldest entry goes. Readers see the old file or the new one. */
export function writeCachedSurvey(cacheDirectory: string, key: string, survey: Survey): void {
  makeDirectories(cacheDirectory);
  // Another user's directory: that user could replace the file, and `readOwnFile` would reject it.
  const owners = [statSync(cacheDirectory).uid, lstatSync(cacheDirectory).uid];
  if (owners.some((uid) => uid !== process.getuid?.())) return;
  const others = readEntries(cacheDirectory).filter((entry) => entry.key !== key);
  const entries: Entry[] = [{ key, digest: digestOf(survey), survey }, ...others];
  exchangeFile(join(cacheDirectory, CACHE_FILE), JSON.stringify(entries.slice(0, MAX_ENTRIES)));
}
