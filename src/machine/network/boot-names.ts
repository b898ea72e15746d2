import { join } from 'node:path';
import { type Places, networksOfMachine } from '../../network/private/members.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { namesFile } from '../paths/directory.ts';
import { formatNames } from './hosts-text.ts';
import { readLines } from './network-names.ts';

/** Returns the lines that a named machine's keeper gives its guest at each boot: those of the members of these networks. */
export function bootNames(places: Places, networks: readonly string[]): string {
  return formatNames(readLines(places, networks));
}

/**
 * Replaces the lines that a named machine's keeper gives its guest at each boot; a machine that was never started has no
 * keeper. The names have a file of their own: the request for mounts may be changed only by the holder of the machine's lock.
 */
export function replaceBootNames(places: Places, name: string): void {
  const path = namesFile(join(places.machines, name));
  const read = (): string => bootNames(places, networksOfMachine(places, name));
  let known = read();
  let said: string;
  do {
    said = known;
    unlessMissing(() => exchangeFile(path, said));
    // Another process may have written newer names, which this one has just replaced.
    known = read();
  } while (known !== said);
}
