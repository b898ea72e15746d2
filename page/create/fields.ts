import { Observable } from '../values/observable.ts';

/** The form, as it is typed. */
export interface Fields {
  readonly name: string;
  readonly image: string;
  readonly iso: string;
  readonly memory: string;
  readonly cpus: string;
  readonly diskSize: string;
  /** Separated by spaces. */
  readonly ports: string;
  /** Separated by spaces. */
  readonly labels: string;
  readonly user: string;
  readonly sshKey: string;
  readonly start: boolean;
}

export type TextKey = Exclude<keyof Fields, 'start'>;

const NO_FIELDS: Fields = {
  name: '',
  image: '',
  iso: '',
  memory: '',
  cpus: '',
  diskSize: '',
  ports: '',
  labels: '',
  user: '',
  sshKey: '',
  start: true,
};

const KEY = 'vmlet.create';

/** The typed text outlives a visit to another place, and a reload. */
export const typed = new Observable<Fields>({
  ...NO_FIELDS,
  ...(JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Fields>),
});

export function keep(fields: Fields): void {
  // A private key that was pasted by mistake is not kept.
  sessionStorage.setItem(KEY, JSON.stringify({ ...fields, sshKey: '' }));
  typed.set(fields);
}

export function clear(): void {
  keep(NO_FIELDS);
}

/** Stands in the command for a name that is missing or not valid. */
export const NO_NAME = 'MACHINE';

/** Returns the options of the library; fields that are left empty have its defaults. */
export function optionsOf(given: Fields): object {
  const { cpus, ports, labels, diskSize, iso, user, sshKey, start, ...fields } = given;
  const forwards = wordsOf(ports);
  const pairs = wordsOf(labels).map((label) => /^([^=]*)=?(.*)$/s.exec(label)?.slice(1) ?? []);
  const texts = Object.fromEntries(Object.entries({ ...fields, iso }).filter(([, value]) => value !== ''));
  // A machine that installs needs a disk to install on; an image has one, which may grow.
  const disk = iso === '' ? { diskSize } : { disks: [diskSize] };
  const seed = { ...(user !== '' && { user }), ...(sshKey !== '' && { sshKeys: [sshKey] }) };
  return {
    ...texts,
    name: fields.name || NO_NAME,
    ...(diskSize !== '' && disk),
    // A text that is no number is refused by the server, in its words.
    ...(cpus !== '' && { cpus: Number.isNaN(Number(cpus)) ? cpus : Number(cpus) }),
    ...(forwards.length > 0 && { ports: forwards }),
    ...(pairs.length > 0 && { labels: Object.fromEntries(pairs) as object }),
    ...(Object.keys(seed).length > 0 && { seed }),
    ...(start && { start }),
  };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** Options of the library by other names than the fields that they are typed in. */
const FIELDS: Readonly<Record<string, TextKey>> = { disks: 'diskSize', sshKeys: 'sshKey' };

/** Returns the field of an invalid option, such as `ports` of `ports[0].hostPort`. */
export function fieldOf(option = ''): TextKey | undefined {
  const name = /^(?:seed\.)?(\w+)/.exec(option)?.[1] ?? '';
  const key = FIELDS[name] ?? name;
  return key in NO_FIELDS ? (key as TextKey) : undefined;
}
