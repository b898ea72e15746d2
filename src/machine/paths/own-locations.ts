import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { VmletError, isSystemError } from '../../errors/index.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { type Locations, locate } from './locations.ts';
import { removeFile } from '../../util/files/removal.ts';

/** Where this user's machines are, by these variables. */
export function ownLocations(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Locations {
  const locations = locate(environment, homedir(), process.getuid?.() ?? 0);
  if (environment['XDG_RUNTIME_DIR']?.startsWith('/') === true) return locations;
  return { ...locations, runtime: runtimeInTmp(locations) };
}

/**
 * Everybody may make `/tmp/vmlet-UID`. Where another user has, a directory with a name that nobody can guess takes its
 * place, which the user's state remembers: the next command has to find the machines that run there. It stays the
 * user's place, since the other one may be gone by then.
 */
function runtimeInTmp({ runtime, state }: Locations): string {
  const note = join(state, 'runtime-directory');
  const noted = readNote(note, runtime);
  if (noted !== undefined && !isAnothers(noted)) return noted;
  if (noted === undefined && !isAnothers(runtime)) return runtime;
  try {
    makeDirectories(dirname(note));
    return writeNote(note, runtime, noted !== undefined);
  } catch (error) {
    // The command that writes there reports what is wrong with it.
    if (isSystemError(error) || error instanceof VmletError) return runtime;
    throw error;
  }
}

/** Something at that path belongs to another user. */
function isAnothers(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.uid !== process.getuid?.();
}

/** @param taken the place that is in the note is another's as well, as after a boot it may be. */
function writeNote(note: string, runtime: string, taken: boolean): string {
  const place = `${runtime}-${randomBytes(6).toString('hex')}`;
  if (taken) {
    exchangeFile(note, `${place}\n`);
    return readNote(note, runtime) ?? place;
  }
  const beside = `${note}.${process.pid}.new`;
  try {
    writeFileSync(beside, `${place}\n`, { mode: 0o600 });
    linkSync(beside, note);
  } catch (error) {
    // Another command came first, and its choice holds. What is no note of ours makes way.
    if (!isSystemError(error, 'EEXIST')) throw error;
    const first = readNote(note, runtime);
    if (first !== undefined) return first;
    exchangeFile(note, `${place}\n`);
  } finally {
    removeFile(beside);
  }
  return place;
}

/** @returns undefined where there is none, and for what we would not have written. */
function readNote(note: string, runtime: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(note, 'utf8').trimEnd();
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
  return text.startsWith(`${runtime}-`) && /^[0-9a-f]{12}$/.test(text.slice(runtime.length + 1))
    ? text
    : undefined;
}
