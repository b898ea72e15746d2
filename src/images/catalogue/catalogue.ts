import { dirname, resolve } from 'node:path';
import { CatalogueFileError, ImageNotFoundError } from '../../errors/index.ts';
import { editDistance, nearest } from '../../util/nearest.ts';
import { formatImageReference, parseImageReference } from '../record/reference.ts';
import { readCatalogueFile } from './catalogue-file.ts';
import type { CatalogueFile, EntryData } from './schema.ts';
import type { PinnedKey } from './signature.ts';

/** An image that vmlet knows how to get. */
export interface CatalogueEntry extends EntryData {
  /** Its own name, whatever alias found it. */
  readonly reference: string;
  /** Which signs it, where it is signed. */
  readonly key: PinnedKey | undefined;
  /** Beginnings of addresses, and those to ask in their place, in order. */
  readonly mirrors: Mirrors;
}

export type Mirrors = Readonly<Record<string, readonly string[]>>;

/** One image of the catalogue, for a table. */
export interface CatalogueRow {
  readonly reference: string;
  readonly aliases: readonly string[];
  readonly description: string;
  /** Undefined where it is only known once the publisher is asked. */
  readonly version: string | undefined;
  readonly architectures: readonly string[];
  readonly user: string | undefined;
  readonly firmware: 'bios' | 'uefi';
  readonly cpu: string;
  /** What a pull is going to reach, or fail. */
  readonly verification: 'signed' | 'digest' | 'none';
  /** Fields that nobody could confirm. */
  readonly unconfirmed: readonly string[];
  readonly quirks: readonly string[];
  /** From the user's own file. */
  readonly own: boolean;
}

export interface Catalogue {
  /** In the order of the files, the user's own first. */
  list(): CatalogueRow[];
  /** Those that have the word somewhere, in their name, alias or description; in any case. */
  search(term: string): CatalogueRow[];
  /**
   * @param name a reference or an alias.
   * @throws InvalidInputError for what is no reference; ImageNotFoundError with what may have been meant.
   */
  find(name: string): CatalogueEntry;
}

export interface CatalogueFiles {
  /** The catalogue that comes with vmlet. */
  readonly file: string;
  /** The user's own: `$XDG_CONFIG_HOME/vmlet/images.yaml`. Not there: nothing is added. */
  readonly userFile: string;
}

/** Images suggested for a name that is not known. */
const SUGGESTIONS = 3;

/**
 * Reads both files. An entry of the user's replaces the one that has its name or alias; so do keys and mirrors.
 * @throws CatalogueFileError
 */
export async function openCatalogue({ file, userFile }: CatalogueFiles): Promise<Catalogue> {
  const builtIn = await readCatalogueFile(file);
  if (builtIn === undefined)
    throw new CatalogueFileError(file, 1, '', 'is missing: vmlet is not installed whole');
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
  // The user's file is put over the catalogue's names, so that an own alias wins over a name of the catalogue's.
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
  // Of what is known by the same name, all tags are near, however little they look alike.
  const sameName = names.filter((candidate) => candidate === name || candidate.startsWith(`${name}:`));
  const meant =
    sameName.length > 0 ? sameName : nearest(reference, names.filter(isNear(reference)), SUGGESTIONS);
  const question = meant.length > 0 ? `did you mean ${meant.join(', ')}? ` : '';
  return `${question}vmlet image ls --remote shows what can be pulled; a disk file is given by a path, as in ./disk.qcow2`;
}

/** What shares less than half of the letters was not meant. */
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
