import { posix } from 'node:path';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';

/** The directories that a machine shares with its host, in podman's grammar: `SRC:DST[:OPTION[,OPTION…]]`. */

export const CACHE_POLICIES = ['auto', 'always', 'never'] as const;

/**
 * How long the guest trusts what it knows of a file: until the next command or for a second (`auto`), for ever
 * (`always`), or not at all (`never`).
 */
export type CachePolicy = (typeof CACHE_POLICIES)[number];

/** User and group numbers are 32 bits; the highest one means "no change". */
const HIGHEST_ID = 2 ** 32 - 2;
const id = z.int().min(0).max(HIGHEST_ID);

/** One shared directory as an object. */
export const volumeSchema = z.strictObject({
  /** A directory of the host; a relative path starts at the working directory of this process. */
  source: z.string().min(1),
  /** Its absolute path in the guest, created if it is missing. */
  target: z.string().min(1),
  /** The guest can only read it; false by default. */
  readOnly: z.boolean().optional(),
  /** `auto` by default. */
  cache: z.enum(CACHE_POLICIES).optional(),
  /**
   * `squash` (the default): every file belongs to one user in the guest and to you on the host. `host`: files
   * have the host's numbers.
   */
  ids: z.enum(['squash', 'host']).optional(),
  /** Owner of the files in the guest, with `squash`; 0 by default. */
  uid: id.optional(),
  /** Group of the files in the guest, with `squash`; `uid` by default. */
  gid: id.optional(),
  /**
   * The guest gets a copy, which needs no virtiofsd; false by default. `Machine.copyBack`, and `vmlet run` at its end,
   * copy it back, unless it is read-only.
   */
  copy: z.boolean().optional(),
});

/** A shared directory as an object; `source` and `target` alone are required. */
export type VolumeSpec = z.input<typeof volumeSchema>;

/** A shared directory as text such as `./site:/srv/site:ro`, or as an object. */
export type VolumeInput = string | VolumeSpec;

/** The users of the files. */
export type ShareIds =
  { readonly kind: 'squash'; readonly uid: number; readonly gid: number } | { readonly kind: 'host' };

/** A directory of the host that the guest sees. */
export interface Share {
  /** The option in errors, as in `volumes[0]`. */
  readonly field: string;
  /** Absolute. */
  readonly source: string;
  /** Absolute and normal. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly cache: CachePolicy;
  readonly ids: ShareIds;
  /** The guest gets a copy. */
  readonly copy: boolean;
}

/** Each has a device with a place on the guest's board. */
export const MOST_SHARES = 8;

const GRAMMAR = 'SRC:DST[:OPTION[,OPTION…]]';
const OPTIONS = 'ro, rw, cache=auto|always|never, uid=N, gid=N, ids=squash|host and copy';

/** The guest's own file systems. */
const GUESTS_OWN = ['/', '/dev', '/proc', '/sys'];

export interface ShareInputs {
  readonly volumes?: readonly VolumeInput[];
  /** In the grammar of `--mount`. */
  readonly mounts?: readonly string[];
  /** Relative sources start here. */
  readonly directory: string;
}

/**
 * Converts the user's input to shares.
 * @throws InvalidInputError for an invalid volume, and for two with the same target.
 */
export function parseShares({ volumes = [], mounts = [], directory }: ShareInputs): Share[] {
  const shares = [
    ...volumes.map((volume, index) => {
      const field = `volumes[${index}]`;
      return shareOf(typeof volume === 'string' ? parseVolume(volume, field) : volume, field, directory);
    }),
    ...mounts.map((mount, index) => {
      const field = `mounts[${index}]`;
      return shareOf(parseMount(mount, field), field, directory);
    }),
  ];
  if (shares.length > MOST_SHARES) {
    throw new InvalidInputError(
      'volumes',
      `too many shared directories: ${shares.length}, at most ${MOST_SHARES}`,
      {
        hint: 'share a directory that contains several of them',
      },
    );
  }
  const targets = new Set<string>();
  for (const { field, target } of shares) {
    if (targets.has(target)) {
      throw new InvalidInputError(field, `two directories have the same path in the guest: ${target}`, {
        hint: 'choose another path for one of them',
      });
    }
    targets.add(target);
  }
  return shares;
}

function parseVolume(text: string, field: string): VolumeSpec {
  const [source = '', target, options = '', ...rest] = text.split(':');
  if (target === undefined || rest.length > 0) {
    throw new InvalidInputError(field, `invalid volume ${JSON.stringify(text)}`, {
      hint: `expected ${GRAMMAR}; for a path with a colon, use --mount type=bind,src=SRC,dst=DST`,
    });
  }
  if (!source.includes('/') && source !== '.' && source !== '..') {
    throw new InvalidInputError(field, `${JSON.stringify(source)} is not the path of a directory`, {
      hint: `write ./${source}:${target} for a directory in this one; volumes by name are not supported`,
    });
  }
  return { source, target, ...optionsOf(options === '' ? [] : options.split(','), field) };
}

/** The grammar of podman's --mount: fields of a line of CSV. */
function parseMount(text: string, field: string): VolumeSpec {
  const places: { source?: string; target?: string } = {};
  const options: string[] = [];
  for (const word of csvFields(text, field)) {
    const [, key = word, value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (key === 'type') requireBind(value, field);
    else if (key === 'src' || key === 'source') places.source = value;
    else if (key === 'dst' || key === 'target' || key === 'destination') places.target = value;
    else options.push(plainOption(word));
  }
  const { source, target } = places;
  if (source === undefined || source === '' || target === undefined) {
    throw new InvalidInputError(field, `invalid mount ${JSON.stringify(text)}`, {
      hint: 'expected type=bind,src=SRC,dst=DST[,OPTION…]',
    });
  }
  return { source, target, ...optionsOf(options, field) };
}

function requireBind(type: string, field: string): void {
  if (type === 'bind') return;
  throw new InvalidInputError(field, `unknown type of mount: ${type}`, {
    hint: 'expected type=bind, for a directory of the host',
  });
}

/** podman has two words for reading only, which may have a value. */
function plainOption(word: string): string {
  if (/^(ro|readonly)(=true)?$/.test(word)) return 'ro';
  return /^(ro|readonly)=false$/.test(word) ? 'rw' : word;
}

function csvFields(text: string, field: string): string[] {
  const fields = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^",][^,]*))/gs)];
  if (fields.map(([whole]) => whole).join('') !== text || text === '') {
    throw new InvalidInputError(field, `invalid mount ${JSON.stringify(text)}`, {
      hint: 'quote a field that contains a comma: type=bind,"src=./a,b",dst=/data',
    });
  }
  return fields.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

function optionsOf(words: readonly string[], field: string): Omit<VolumeSpec, 'source' | 'target'> {
  const options: Record<string, unknown> = {};
  for (const word of words) {
    const [key, value] = optionOf(word) ?? [];
    if (key === undefined) {
      throw new InvalidInputError(field, `unknown option of a volume: ${JSON.stringify(word)}`, {
        hint: `expected ${OPTIONS}`,
      });
    }
    if (key in options) {
      throw new InvalidInputError(field, `option given twice: ${JSON.stringify(word)}`);
    }
    options[key] = value;
  }
  return options;
}

function optionOf(word: string): [string, unknown] | undefined {
  if (word === 'ro' || word === 'rw') return ['readOnly', word === 'ro'];
  if (word === 'copy') return ['copy', true];
  const [, key = '', value = ''] = /^(cache|ids|uid|gid)=(.+)$/.exec(word) ?? [];
  if (key === 'uid' || key === 'gid') return /^\d+$/.test(value) ? [key, Number(value)] : undefined;
  return key === '' ? undefined : [key, value];
}

function shareOf(volume: VolumeSpec, field: string, directory: string): Share {
  const parsed = volumeSchema.safeParse(volume);
  if (!parsed.success) {
    throw new InvalidInputError(field, `invalid volume ${JSON.stringify(volume)}`, {
      hint: `expected { source, target, readOnly?, cache?, ids?, uid?, gid?, copy? }, with the options ${OPTIONS}`,
      cause: parsed.error,
    });
  }
  const { source, readOnly = false, cache = 'auto', ids = 'squash', uid, gid, copy = false } = parsed.data;
  if (ids === 'host' && (uid ?? gid) !== undefined) {
    throw new InvalidInputError(field, 'uid and gid cannot be used together with ids=host', {
      hint: 'leave them out: with ids=host, files keep the owners that they have on the host',
    });
  }
  if (copy && (parsed.data.cache ?? parsed.data.ids) !== undefined) {
    throw new InvalidInputError(field, 'cache and ids cannot be used together with copy', {
      hint: 'leave them out: they apply to shared directories only',
    });
  }
  if (source.includes('\0')) throw new InvalidInputError(field, 'a path cannot contain a NUL');
  return {
    field,
    source: posix.resolve(directory, source),
    target: targetOf(parsed.data.target, field),
    readOnly,
    cache,
    ids: ids === 'host' ? { kind: 'host' } : { kind: 'squash', uid: uid ?? 0, gid: gid ?? uid ?? 0 },
    copy,
  };
}

function targetOf(text: string, field: string): string {
  if (!text.startsWith('/') || text.includes('\0')) {
    throw new InvalidInputError(field, `not an absolute path in the guest: ${JSON.stringify(text)}`, {
      hint: `expected ${GRAMMAR}, with a DST such as /src`,
    });
  }
  const target = posix.resolve(text);
  if (GUESTS_OWN.includes(target)) {
    throw new InvalidInputError(field, `a directory cannot be shared at ${target}`, {
      hint: 'choose another path, such as /src',
    });
  }
  return target;
}
