import { dirname, resolve } from 'node:path';
import { CatalogueFileError, ImageNotFoundError } from '../../errors/index.ts';
import { editDistance, nearest } from '../../util/options/nearest.ts';
import { formatImageReference, parseImageReference } from '../record/reference.ts';
import { readCatalogueFile } from './catalogue-file.ts';
import type { CatalogueFile, EntryData } from './catalogue-schema.ts';
import type { PinnedKey } from './signature.ts';

/** An image that vmlet can pull. */
export interface CatalogueEntry extends EntryData {
  /** Its own name, even when it was found by an alias. */
  readonly reference: string;
  /** The key that signs it, if it is signed. */
  readonly key: PinnedKey | undefined;
  /** Prefixes of URLs, and the prefixes to use instead, in order. */
  readonly mirrors: Mirrors;
}

export type Mirrors = Readonly<Record<string, readonly string[]>>;

/** One image of the catalogue, for a table. */
export interface CatalogueRow {
  readonly reference: string;
  readonly aliases: readonly string[];
  readonly description: string;
  /** Undefined where only the publisher's server states it. */
  readonly version: string | undefined;
  readonly architectures: readonly string[];
  readonly user: string | undefined;
  readonly firmware: 'bios' | 'uefi';
  readonly cpu: string;
  /** The verification that a pull requires. */
  readonly verification: 'signed' | 'digest' | 'none';
  /** Fields without an independent source. */
  readonly unconfirmed: readonly string[];
  readonly quirks: readonly string[];
  /** True when it is from the user's own file. */
  readonly own: boolean;
}

export interface Catalogue {
  /** Lists all images in the order of the files, the user's own first. */
  list(): CatalogueRow[];
  /** Lists images with the term in their name, aliases or description; case-insensitive. */
  search(term: string): CatalogueRow[];
  /**
   * Looks up an image.
   * @param name a reference or an alias.
   * @throws InvalidInputError for an invalid reference; ImageNotFoundError with suggestions.
   */
  find(name: string): CatalogueEntry;
}

export interface CatalogueFiles {
  /** The catalogue shipped with vmlet. */
  readonly file: string;
  /** The user's own, `$XDG_CONFIG_HOME/vmlet/images.yaml`. It may be missing. */
  readonly userFile: string;
}

/** How many images are suggested for an unknown name. */
const SUGGESTIONS = 3;

/**
 * Reads both files. The user's entries replace those with the same name or alias; so do keys and mirrors.
 * @throws CatalogueFileError
 */
export async function openCatalogue({ file, userFile }: CatalogueFiles): Promise<Catalogue> {
  const builtIn = await readCatalogueFile(file);
  if (builtIn === undefined)
    throw new CatalogueFileError(file, 1, '', 'no such file', { hint: 'reinstall vmlet' });
  const own = await readCatalogueFile(userFile, Object.keys(builtIn.keys));
  const keys = { ...keysOf(builtIn, file), ...(own === undefined ? {} : keysOf(own, userFile)) };
  const mirrors = { ...builtIn.mirrors, ...own?.mirrors };
  const entriesOf = (data: CatalogueFile | undefined): CatalogueEntry[] =>
    Object.entries(data?.images ?? {}).map(([reference, entry]) => ({
      ...entry,
      reference,
      key: entry.signature === undefined ? undefined : keys[entry.signature.key],
      mirrors,
    }));
  return makeCatalogue(entriesOf(own), entriesOf(builtIn));
}

function makeCatalogue(own: readonly CatalogueEntry[], builtIn: readonly CatalogueEntry[]): Catalogue {
  // The user's names come last, so that even an alias of the user's overrides a name of the catalogue.
  const names = new Map([...namesOf(builtIn), ...namesOf(own)]);
  const shown = [...own, ...builtIn].filter((entry) => names.get(entry.reference) === entry);
  const rows = shown.map((entry) => rowOf(entry, names, own.includes(entry)));
  return {
    list: () => [...rows],
    search: (term) => {
      const wanted = term.toLowerCase();
      return rows.filter(({ reference, aliases, description }) =>
        [reference, ...aliases, description].some((text) => text.toLowerCase().includes(wanted)),
      );
    },
    find: (name) => {
      const reference = formatImageReference(parseImageReference(name));
      const entry = names.get(reference);
      if (entry !== undefined) return entry;
      throw new ImageNotFoundError(reference, { hint: suggestion(reference, names.keys()) });
    },
  };
}

function suggestion(reference: string, known: Iterable<string>): string {
  const [name = ''] = reference.split(':');
  const names = [...known];
  // All tags of the same name are suggested, however different they look.
  const sameName = names.filter((candidate) => candidate === name || candidate.startsWith(`${name}:`));
  const meant =
    sameName.length > 0 ? sameName : nearest(reference, names.filter(isNear(reference)), SUGGESTIONS);
  const question = meant.length > 0 ? `did you mean ${meant.join(', ')}? ` : '';
  return `${question}to list images, run: vmlet image ls --remote; for a disk file, give its path, such as ./disk.qcow2`;
}

/** Suggests only names that share at least half of the letters. */
function isNear(reference: string): (candidate: string) => boolean {
  return (candidate) => editDistance(reference, candidate) <= reference.length / 2;
}

function namesOf(entries: readonly CatalogueEntry[]): [string, CatalogueEntry][] {
  return entries.flatMap((entry) =>
    [entry.reference, ...entry.aliases].map((name): [string, CatalogueEntry] => [name, entry]),
  );
}

function keysOf({ keys }: CatalogueFile, path: string): Record<string, PinnedKey> {
  return Object.fromEntries(
    Object.entries(keys).map(([name, { file, fingerprint }]) => [
      name,
      { name, fingerprint, path: resolve(dirname(path), file) },
    ]),
  );
}

function rowOf(
  entry: CatalogueEntry,
  names: ReadonlyMap<string, CatalogueEntry>,
  own: boolean,
): CatalogueRow {
  return {
    reference: entry.reference,
    aliases: entry.aliases.filter((alias) => names.get(alias) === entry),
    description: entry.description,
    version: entry.version === undefined || /\{[a-z]+\}/.test(entry.version) ? undefined : entry.version,
    architectures: Object.keys(entry.architectures),
    user: entry.user,
    firmware: entry.firmware,
    cpu: entry.cpu,
    verification: entry.signature !== undefined ? 'signed' : entry.digest !== undefined ? 'digest' : 'none',
    unconfirmed: entry.unconfirmed,
    quirks: entry.quirks,
    own,
  };
}
