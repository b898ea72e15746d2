import { InvalidInputError } from '../../errors/index.ts';
import {
  CACHE_POLICIES,
  HIGHEST_ID,
  OWNER_NAME,
  VOLUME_TYPES,
  type VolumeSpec,
  type VolumeType,
  typeOf,
} from './volume-spec.ts';

// The directories, volumes and file systems in memory of a machine, in podman's grammar.

export const GRAMMAR = 'SRC:DST[:OPTION[,OPTION…]]';

const COLON_IN_PATH = 'for a path with a colon, use --mount type=bind,src=SRC,dst=DST';
const COMMA_IN_PATH = 'quote a field that contains a comma, as in type=bind,"src=./a,b",dst=/data';

const OPTIONS: Readonly<Record<VolumeType, string>> = {
  bind: 'ro, rw, cache=auto|always|never, uid=N|USER, gid=N|GROUP, ids=squash|host and copy',
  volume: 'ro, rw, size=SIZE, uid=N and gid=N',
  tmpfs: 'ro, rw, tmpfs-size=SIZE, tmpfs-mode=MODE, uid=N and gid=N',
};

const EXPECTED_MOUNT: Readonly<Record<VolumeType, string>> = {
  bind: 'expected type=bind,src=SRC,dst=DST[,OPTION…]',
  volume: 'expected type=volume,src=NAME,dst=DST[,OPTION…]',
  tmpfs: 'expected type=tmpfs,dst=DST[,tmpfs-size=SIZE][,tmpfs-mode=MODE]',
};

/** `SRC:DST[:OPTION[,OPTION…]]` of podman's `-v`. @throws InvalidInputError */
export function parseVolumeText(text: string, field: string): VolumeSpec {
  const [source = '', target = '', options = '', ...rest] = text.split(':');
  const problem = volumeProblem(source, target, rest);
  if (problem !== undefined) {
    throw new InvalidInputError(field, `${problem}: ${JSON.stringify(text)}`, {
      hint: `expected ${GRAMMAR}${rest.length > 0 ? `; ${COLON_IN_PATH}` : ''}`,
    });
  }
  const words = options === '' ? [] : options.split(',');
  return { source, target, ...optionsOf(words, typeOf({ source }), field, COLON_IN_PATH) };
}

function volumeProblem(source: string, target: string, rest: readonly string[]): string | undefined {
  if (rest.length > 0) return 'too many colons';
  if (source === '') return 'the directory or volume is missing';
  return target === '' ? 'the path in the guest is missing' : undefined;
}

/** The grammar of podman's `--mount`: fields of a line of CSV. @throws InvalidInputError */
export function parseMountText(text: string, field: string): VolumeSpec {
  const places: { type?: VolumeType; source?: string; target?: string } = {};
  const options: string[] = [];
  for (const word of csvFields(text, field)) {
    const [, key = word, value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (key === 'type') places.type = parseType(value, field);
    else if (key === 'src' || key === 'source') places.source = value;
    else if (key === 'dst' || key === 'target' || key === 'destination') places.target = value;
    else options.push(plainOption(word));
  }
  const { type = 'bind', source, target } = places;
  if ((source === undefined) !== (type === 'tmpfs') || source === '' || !target) {
    throw new InvalidInputError(field, `invalid mount ${JSON.stringify(text)}`, {
      hint: EXPECTED_MOUNT[type],
    });
  }
  return {
    type,
    ...(source !== undefined && { source }),
    target,
    ...optionsOf(options, type, field, COMMA_IN_PATH),
  };
}

function parseType(text: string, field: string): VolumeType {
  const type = VOLUME_TYPES.find((one) => one === text);
  if (type !== undefined) return type;
  throw new InvalidInputError(field, `unknown type of mount: ${text}`, {
    hint: 'expected type=bind for a directory of the host, type=volume for a volume, or type=tmpfs for a file system in memory',
  });
}

/** podman's words for reading only and for writing may have a value; it has words of its own for tmpfs. */
function plainOption(word: string): string {
  if (/^((ro|readonly)(=true)?|rw=false)$/.test(word)) return 'ro';
  return /^((ro|readonly)=false|rw(=true)?)$/.test(word) ? 'rw' : word.replace(/^tmpfs-(size|mode)=/, '$1=');
}

function csvFields(text: string, field: string): string[] {
  const fields = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^",][^,]*))/gs)];
  if (fields.map(([whole]) => whole).join('') !== text || text === '') {
    throw new InvalidInputError(field, `invalid mount ${JSON.stringify(text)}`, {
      hint: `expected KEY=VALUE[,KEY=VALUE…]; ${COMMA_IN_PATH}`,
    });
  }
  return fields.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

function optionsOf(
  words: readonly string[],
  type: VolumeType,
  field: string,
  pathHint: string,
): Omit<VolumeSpec, 'type' | 'source' | 'target'> {
  const options: Record<string, unknown> = {};
  for (const word of words) {
    const [key, value] = optionOf(word) ?? [];
    if (key === undefined) throw invalidOption(word, type, field, pathHint);
    if (key in options) {
      throw new InvalidInputError(field, `option given twice: ${JSON.stringify(word)}`);
    }
    if ((key === 'uid' || key === 'gid') && Number(value) > HIGHEST_ID) {
      throw new InvalidInputError(field, `${word} is too large`, {
        hint: `the highest number is ${HIGHEST_ID}`,
      });
    }
    options[key] = value;
  }
  return options;
}

const EXPECTED_VALUES: Readonly<Record<string, string>> = {
  cache: 'auto, always or never',
  ids: 'squash or host',
  uid: 'a number or a name',
  gid: 'a number or a name',
  size: 'a size such as 64M',
  mode: 'an octal number such as 1777',
};

function invalidOption(word: string, type: VolumeType, field: string, pathHint: string): InvalidInputError {
  const [key = ''] = word.split('=');
  const expected =
    word.includes('=') && Object.hasOwn(EXPECTED_VALUES, key) ? EXPECTED_VALUES[key] : undefined;
  if (expected !== undefined)
    return new InvalidInputError(field, `invalid option ${JSON.stringify(word)}: expected ${expected}`);
  return new InvalidInputError(field, `invalid option ${JSON.stringify(word)}`, {
    hint: word.includes('/') ? pathHint : `the options are ${OPTIONS[type]}`,
  });
}

function optionOf(word: string): [string, unknown] | undefined {
  if (word === 'ro' || word === 'rw') return ['readOnly', word === 'ro'];
  if (word === 'copy') return ['copy', true];
  const [, key = '', value = ''] = /^(cache|ids|uid|gid|size|mode)=(.+)$/.exec(word) ?? [];
  if (key === 'mode') return /^[0-7]{3,4}$/.test(value) ? [key, Number.parseInt(value, 8)] : undefined;
  if (key === 'cache') return CACHE_POLICIES.some((one) => one === value) ? [key, value] : undefined;
  if (key === 'ids') return ['squash', 'host'].includes(value) ? [key, value] : undefined;
  if (key === 'uid' || key === 'gid') {
    if (/^\d+$/.test(value)) return [key, Number(value)];
    return OWNER_NAME.test(value) ? [key, value] : undefined;
  }
  return key === '' ? undefined : [key, value];
}
