import { readFileSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { NoSpaceError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { CommandEnd } from './run-record.ts';

/** The time in which a client that started with the machine asks for the status. */
const KEPT_MS = 3_600_000;

const schema = z.object({
  version: z.literal(1),
  exitCode: z.int().optional(),
  signal: z.string().optional(),
  problem: z.string().optional(),
});

type Place = Pick<Locations, 'state'>;

/** Records how the command of a machine ended that is removed after it, for those that wait for it later. */
export function keepCommandEnd(locations: Place, name: string, end: CommandEnd): void {
  const directory = directoryIn(locations);
  try {
    makeDirectories(directory);
    removeOld(directory);
    const path = pathOf(locations, name);
    exchangeFile(path, JSON.stringify({ version: 1, ...end }));
    // An equal file was left as it is, and is as new. A new machine may have removed it.
    const now = new Date();
    unlessMissing(() => utimesSync(path, now, now));
  } catch (error) {
    // A full disk must not prevent a removal.
    if (!(error instanceof NoSpaceError) && !isSystemError(error, 'ENOSPC', 'EDQUOT')) throw error;
  }
}

/** Returns how the command of a machine ended that was removed after it within the last hour. */
export function readCommandEnd(locations: Place, name: string): CommandEnd | undefined {
  const path = pathOf(locations, name);
  const text = isOld(path) ? undefined : unlessMissing(() => readFileSync(path, 'utf8'));
  // A power cut may leave an empty file.
  if (text === undefined || text === '') return undefined;
  const { exitCode, signal, problem } = schema.parse(JSON.parse(text));
  return { exitCode, signal: signal as NodeJS.Signals | undefined, problem };
}

/** A new machine of this name has another command. */
export function forgetCommandEnd(locations: Place, name: string): void {
  removeFile(pathOf(locations, name));
}

function removeOld(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (isOld(join(directory, name))) removeFile(join(directory, name));
  }
}

function isOld(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined || Math.abs(Date.now() - found.mtimeMs) > KEPT_MS;
}

function directoryIn({ state }: Place): string {
  return join(state, 'command-ends');
}

function pathOf(locations: Place, name: string): string {
  return join(directoryIn(locations), `${name}.json`);
}
