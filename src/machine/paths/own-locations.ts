import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { VmletError, isSystemError } from '../../errors/index.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { type Locations, locate } from './locations.ts';
import { removeFile } from '../../util/files/removal.ts';

/** Returns this user's locations, based on the environment variables. */
export function ownLocations(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Locations {
  const locations = locate(environment, homedir(), process.getuid?.() ?? 0);
  if (environment['XDG_RUNTIME_DIR']?.startsWith('/') === true) return locations;
  return { ...locations, runtime: runtimeInTmp(locations) };
}

/**
 * Anyone can create `/tmp/vmlet-UID`. If another user has, a directory with an unguessable name is used
 * instead. A note in the user's state directory records the name, so that the next command finds the machines
 * that run there. The choice is permanent, because the other directory may be gone by then.
 */
function runtimeInTmp({ runtime, state }: Locations): string {
  const note = join(state, 'runtime-directory');
  const noted = readNote(note, runtime);
  if (noted !== undefined && !belongsToOther(noted)) return noted;
  if (noted === undefined && !belongsToOther(runtime)) return runtime;
  try {
    makeDirectories(dirname(note));
    return writeNote(note, runtime, noted !== undefined);
  } catch (error) {
    // The command that writes there reports the error.
    if (isSystemError(error) || error instanceof VmletError) return runtime;
    throw error;
  }
}

/** True when the path belongs to another user. */
function belongsToOther(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.uid !== process.getuid?.();
}

/**
 * @param taken true when the directory in the note also belongs to another user, which can happen after a
 * reboot.
 */
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
    // Another command came first, and its choice is used. A file that is not a valid note is replaced.
    if (!isSystemError(error, 'EEXIST')) throw error;
    const first = readNote(note, runtime);
    if (first !== undefined) return first;
    exchangeFile(note, `${place}\n`);
  } finally {
    removeFile(beside);
  }
  return place;
}

/** @returns undefined if there is no note, or if its content is not one that we would write. */
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
