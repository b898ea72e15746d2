import { portsOf } from '../parts/format.ts';
import { Observable } from '../values/observable.ts';

/** A directory of the host or a named volume, and its place in the guest. */
export interface VolumeRow {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface NetworkRow {
  readonly network: string;
  readonly alias: string;
}

/** The form, as it is typed. */
export interface Fields {
  readonly name: string;
  readonly image: string;
  readonly iso: string;
  readonly memory: string;
  readonly cpus: string;
  readonly diskSize: string;
  /** Further disks. */
  readonly disks: readonly string[];
  readonly volumes: readonly VolumeRow[];
  /** Separated by spaces or commas. */
  readonly ports: string;
  readonly networks: readonly NetworkRow[];
  /** Separated by spaces. */
  readonly labels: string;
  readonly user: string;
  readonly sshKey: string;
  readonly userData: string;
  readonly start: boolean;
}

export type TextKey = Exclude<keyof Fields, 'start' | RowsKey>;
export type RowsKey = 'disks' | 'volumes' | 'networks';

const NO_FIELDS: Fields = {
  name: '',
  image: '',
  iso: '',
  memory: '',
  cpus: '',
  diskSize: '',
  disks: [],
  volumes: [],
  ports: '',
  networks: [],
  labels: '',
  user: '',
  sshKey: '',
  userData: '',
  start: true,
};

const KEY = 'vmlet.create';

/** The typed text outlives a visit to another place, and a reload. */
export const typed = new Observable<Fields>({
  ...NO_FIELDS,
  ...(JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Fields>),
});

export function keep(changed: Partial<Fields>): void {
  const fields = { ...typed.value, ...changed };
  // Neither a private key that was pasted by mistake nor passwords are kept.
  sessionStorage.setItem(KEY, JSON.stringify({ ...fields, sshKey: '', userData: '' }));
  typed.set(fields);
}

export function clear(): void {
  keep(NO_FIELDS);
}

/** Stands in the command for a name that is missing or not valid. */
export const NO_NAME = 'MACHINE';

/** Returns the options of the library; fields that are left empty have its defaults. */
export function optionsOf(given: Fields): object {
  const { cpus, ports, labels, diskSize, disks, volumes, networks, user, sshKey, userData, start, ...texts } =
    given;
  const pairs = wordsOf(labels).map((label) => /^([^=]*)=?(.*)$/s.exec(label)?.slice(1) ?? []);
  const installs = hasNewDisk(given);
  const options = {
    ...texts,
    // A text that is no number is refused by the server, in its words.
    cpus: cpus === '' || Number.isNaN(Number(cpus)) ? cpus : Number(cpus),
    diskSize: installs ? '' : diskSize,
    disks: [installs ? diskSize : '', ...disks].filter(Boolean),
    volumes: volumes.filter(isFilled).map(volumeText),
    networks: networks.map(networkText),
    ports: portsOf(ports),
    labels: Object.fromEntries(pairs) as object,
    seed: withoutEmpty({ user, sshKeys: [sshKey].filter(Boolean), userData }),
    ...(start && { start }),
  };
  return { ...withoutEmpty(options), name: texts.name || NO_NAME };
}

/** A machine that installs needs a disk to install on; an image has one, which may grow. */
function hasNewDisk({ image, iso }: Pick<Fields, 'image' | 'iso'>): boolean {
  return iso !== '' && image === '';
}

function withoutEmpty(options: object): object {
  const isEmpty = (value: unknown): boolean =>
    value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  return Object.fromEntries(Object.entries(options).filter(([, value]) => !isEmpty(value)));
}

function volumeText({ source, target, readOnly }: VolumeRow): string {
  return `${source}:${target}${readOnly ? ':ro' : ''}`;
}

function networkText({ network, alias }: NetworkRow): string {
  return alias === '' ? network : `${network}:alias=${alias}`;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** A row that was added and is still empty says nothing. */
function isFilled(row: VolumeRow | NetworkRow | string): boolean {
  return typeof row === 'string' ? row !== '' : !('source' in row) || row.source + row.target !== '';
}

/** Returns the request to fill in the next required field, empty if none is missing. */
export function missingIn({ name, image, iso }: Fields): string {
  if (name === '') return 'Enter a name.';
  return image === '' && iso === '' ? 'Enter an image or an installer ISO.' : '';
}

/** A field of the form, or one of its rows. */
export interface Place {
  readonly key: keyof Fields;
  readonly row?: number | undefined;
}

/** Returns the field of an invalid option, such as `ports` of `ports[0].hostPort`. */
export function placeOf(option = '', fields: Fields): Place | undefined {
  const [, name = '', number] = /^(?:seed\.)?(\w+)(?:\[(\d+)\])?/.exec(option) ?? [];
  // An image without a first boot refuses all of it.
  if (name === 'seed') return firstOf(['user', 'sshKey', 'userData'], fields);
  const key = name === 'sshKeys' ? 'sshKey' : name;
  if (!isKey(key)) return undefined;
  const rows = fields[key];
  if (typeof rows !== 'object' || number === undefined) return { key };
  // The first disk of a machine that installs has a field of its own.
  const first = key === 'disks' && hasNewDisk(fields) && fields.diskSize !== '' ? 1 : 0;
  const at = Number(number) - first;
  if (at < 0) return { key: 'diskSize' };
  return { key, row: rows.flatMap((row, index) => (isFilled(row) ? [index] : []))[at] };
}

function firstOf(keys: readonly (keyof Fields)[], fields: Fields): Place | undefined {
  const key = keys.find((one) => fields[one] !== '');
  return key && { key };
}

function isKey(name: string): name is keyof Fields {
  return name in NO_FIELDS;
}
