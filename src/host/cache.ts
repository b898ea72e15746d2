import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { isSystemError } from '../errors/index.ts';
import { currentBootId } from '../process/procfs/identity.ts';
import { makeDirectories } from '../util/files/make-directories.ts';
import type { Survey } from './survey/host.ts';
import { SURVEY_VERSION } from './survey/survey-version.ts';
import { removeFile } from '../util/files/removal.ts';

/** The programs that a survey is about, as absolute paths; undefined where there is none. */
export interface HostPrograms {
  readonly qemu: string | undefined;
  readonly qemuImg: string | undefined;
  readonly passt: string | undefined;
  /** vmlet's own. */
  readonly confine: string;
}

const CACHE_FILE = 'host.json';

/** What decides whether an ordinary user may make namespaces, and can be changed while the host is up. */
const NAMESPACE_SETTINGS = [
  '/proc/sys/user/max_user_namespaces',
  '/proc/sys/kernel/unprivileged_userns_clone',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
];

/**
 * What a survey depends on: this boot, this kernel, each program's path, time and size, who may use /dev/kvm, and what
 * keeps us from confining programs. A survey with the same key may be used again.
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
 * The survey that was kept under this key, or undefined. Synchronous, since it is on the path of every launch;
 * for the same reason it is not the schema that is asked again (5 to 8 ms in a new process), but a digest (0.3 ms): it
 * was validated when it was written, by this version of the shape, and is what was written.
 */
export function readCachedSurvey(cacheDirectory: string, key: string): Survey | undefined {
  let text: string | undefined;
  try {
    text = readOwnFile(join(cacheDirectory, CACHE_FILE));
  } catch (error) {
    // A cache that cannot be read is a cache that is not there.
    if (isSystemError(error)) return undefined;
    throw error;
  }
  if (text === undefined) return undefined;
  try {
    const cached = JSON.parse(text) as { key?: unknown; digest?: unknown; survey: Survey } | null;
    return cached?.key === key && cached.digest === digestOf(cached.survey) ? cached.survey : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Undefined where another user may have written it: it says which programs are started, and XDG_CACHE_HOME may lie in a
 * folder of all users.
 */
function readOwnFile(path: string): string | undefined {
  // What is no file at all must not hold us up.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    const isOwn = found.isFile() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
    return isOwn ? readFileSync(descriptor, 'utf8') : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** As one of a list, since there is no JSON of what is missing. */
function digestOf(survey: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([survey]))
    .digest('hex');
}

/** Replaces the cache in one step, so that a reader sees the old one or the new one. */
export function writeCachedSurvey(cacheDirectory: string, key: string, survey: Survey): void {
  makeDirectories(cacheDirectory);
  // Of another user, who could read it and put another in its place: it would not be believed.
  const owners = [statSync(cacheDirectory).uid, lstatSync(cacheDirectory).uid];
  if (owners.some((uid) => uid !== process.getuid?.())) return;
  const temporary = join(cacheDirectory, `.${CACHE_FILE}.${process.pid}.${performance.now()}`);
  try {
    writeFileSync(temporary, JSON.stringify({ key, digest: digestOf(survey), survey }), {
      mode: 0o600,
      flag: 'wx',
    });
    renameSync(temporary, join(cacheDirectory, CACHE_FILE));
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}
