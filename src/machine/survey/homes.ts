import { type Dirent, type Stats, lstatSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { MissingProgramError, isSystemError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { OTHERS_ID, contains } from '../share/host-system.ts';

/** Lower numbers are those of services (login.defs(5), UID_MIN). */
const FIRST_PERSON = 1000;
const ACCOUNTS = '/etc/passwd';
/** Status of getent if one of the keys was not found; it prints the others. */
const NOT_ALL_FOUND = 2;
/** Keeps getent's command line short. */
const MOST_ASKED = 1000;
/** A server of accounts may not answer. */
const ASK_MS = 5000;
/** Homes of services, which are none of a person’s: a system lacks its programs without them. */
const SYSTEMS = ['/', '/usr', '/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib64', '/usr/games', '/etc'];
const NOT_VISIBLE = ['ENOENT', 'ENOTDIR', 'EACCES'];

/**
 * Returns home directories: that of the user, from `HOME` and from the account, those of people in /etc/passwd, and
 * those of the people who own a directory or something directly in it. Only the last ones can be asked for where
 * accounts are elsewhere (LDAP, systemd-homed): such services often do not list all.
 * @throws TimedOutError, or the signal's reason.
 */
export async function findHomes(directory: string, signal: AbortSignal | undefined): Promise<string[]> {
  const local = readFileSync(ACCOUNTS, 'utf8').split('\n');
  const known = new Set(local.map((line) => Number(line.split(':')[2] ?? NaN)));
  const others = ownersIn(directory).filter((uid) => isPerson(uid) && !known.has(uid));
  const elsewhere = await accountsOf(others.slice(0, MOST_ASKED), signal);
  const homes = [homedir(), ownHome(), ...[...local, ...elsewhere].map(homeOfPerson)];
  // HOME and the field of an account may be empty: resolved as a path, that is the working directory.
  const isUsable = (home: string | undefined): home is string => home !== undefined && isAbsolute(home);
  return [...new Set(homes.filter(isUsable).flatMap(realPath))];
}

/**
 * Returns the directories without the homes in them: instead of a directory that contains one, its other members.
 * Directories of people beside a home count as homes. Of links among these members only those to something else that
 * is returned remain, since a link is shown with its target.
 */
export function withoutHomes(directories: readonly string[], homes: readonly string[]): string[] {
  const links: string[] = [];
  const hidden = homes.filter((home) => !SYSTEMS.includes(home));
  const shown = directories.flatMap((path) => outsideOf(hidden, path, links));
  const places = shown.flatMap(realPath);
  const isShown = (link: string): boolean =>
    realPath(link).some((target) => places.some((place) => contains(place, target)));
  return [...shown, ...links.filter(isShown)];
}

/** @param links receives those beside the homes. Followed here, they would lead into a home, or in a circle. */
function outsideOf(homes: readonly string[], path: string, links: string[]): string[] {
  const [real] = realPath(path);
  if (real === undefined) return [path];
  if (homes.some((home) => contains(home, real))) return [];
  const inner = homes.filter((home) => contains(real, home));
  if (inner.length === 0) return [path];
  const isOfHomes = inner.some((home) => dirname(home) === real);
  return membersOf(real).flatMap((member) => {
    const here = join(path, member.name);
    if (member.isSymbolicLink()) {
      links.push(here);
      return [];
    }
    return isOfHomes && isOfPerson(here) ? [] : outsideOf(inner, here, links);
  });
}

function isOfPerson(path: string): boolean {
  const found = look(path);
  return found?.isDirectory() === true && found.uid !== 0 && isPerson(found.uid);
}

/** The owners of a directory, and of the directories in it. */
function ownersIn(directory: string): number[] {
  const inner = membersOf(directory).filter((member) => member.isDirectory());
  const found = [directory, ...inner.map(({ name }) => join(directory, name))].map(look);
  return [...new Set(found.flatMap((stats) => (stats?.isDirectory() ? [stats.uid] : [])))];
}

/** Empty for a directory that the user may not list. */
function membersOf(directory: string): Dirent[] {
  return unlessMissing(() => readdirSync(directory, { withFileTypes: true }), NOT_VISIBLE) ?? [];
}

function look(path: string): Stats | undefined {
  return unlessMissing(() => lstatSync(path), NOT_VISIBLE);
}

/** Asks all services of accounts. @returns lines as in /etc/passwd. */
async function accountsOf(uids: readonly number[], signal: AbortSignal | undefined): Promise<string[]> {
  if (uids.length === 0) return [];
  try {
    const { stdout } = await run(['getent', 'passwd', ...uids.map(String)], {
      ...{ acceptedExitCodes: [0, NOT_ALL_FOUND], timeoutMs: ASK_MS },
      ...(signal && { signal }),
    });
    return stdout.toString().split('\n');
  } catch (error) {
    // Without glibc there are no such services.
    if (error instanceof MissingProgramError) return [];
    throw error;
  }
}

/** The home of the user's account; undefined in a container without one. */
function ownHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch (error) {
    if (!isSystemError(error, 'ERR_SYSTEM_ERROR')) throw error;
    return undefined;
  }
}

/** Undefined for a line of an account that is none of a person. Services may have a directory such as /var/www. */
function homeOfPerson(line: string): string | undefined {
  const [, , uid = '', , , home] = line.split(':');
  return uid !== '' && isPerson(Number(uid)) ? home : undefined;
}

function isPerson(uid: number): boolean {
  return uid === 0 || (uid >= FIRST_PERSON && uid !== OTHERS_ID);
}

/** Empty for a path that does not exist. */
function realPath(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}
