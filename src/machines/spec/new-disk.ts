import { InvalidInputError } from '../../errors/index.ts';
import { isDiskSize, parseDiskSize } from '../../images/qemu-img/disk-size.ts';
import { type DiskSpec, parseDiskSpec } from '../../machine/spec/disk-spec.ts';

/** A disk that a named machine is to get. */
export interface NewDisk {
  /** Names it in errors, as in `disks[0]`. */
  readonly field: string;
  /** An empty one of so many bytes, or one from a file. */
  readonly source: DiskSpec;
  /** With a file: the machine writes into that file itself, and not into an overlay on it. */
  readonly adopt: boolean;
  readonly readOnly: boolean;
  readonly cache: 'writeback' | 'none' | 'unsafe';
  readonly discard: boolean;
}

const GRAMMAR =
  'expected SIZE or PATH, and after it any of ,format=qcow2|raw ,readonly ,trusted ,adopt ,cache=writeback|none|unsafe ,nodiscard';
const OPTION = /^(?<rest>.*),(?<option>adopt|nodiscard|cache=(?<cache>[a-z]*))$/s;

/**
 * @param field names the disk in errors, as in `disks[0]`.
 * @throws InvalidInputError
 */
export function parseNewDisk(text: string, field: string): NewDisk {
  let rest = text;
  let adopt = false;
  let discard = true;
  let cache: string | undefined;
  // Options of ours and those of a disk file may come in any order: ours are taken out, wherever they are.
  const kept: string[] = [];
  for (;;) {
    const fileOption = /^(?<rest>.*),(?<option>format=\w*|readonly|trusted)$/s.exec(rest);
    const own = OPTION.exec(rest);
    if (fileOption) kept.unshift(fileOption.groups?.['option'] ?? '');
    else if (!own) break;
    const option = own?.groups?.['option'];
    if (option === 'adopt') adopt = true;
    if (option === 'nodiscard') discard = false;
    cache ??= own?.groups?.['cache'];
    rest = (fileOption ?? own)?.groups?.['rest'] ?? '';
  }
  if (cache !== undefined && !isCache(cache)) {
    throw new InvalidInputError(field, `cache=${cache} is not a way of caching`, { hint: GRAMMAR });
  }
  const common = { field, cache: cache ?? 'writeback', discard } as const;
  if (isDiskSize(rest)) {
    if (adopt || kept.length > 0) {
      throw new InvalidInputError(
        field,
        `${JSON.stringify(text)}: an empty disk has no file to say that of`,
        {
          hint: GRAMMAR,
        },
      );
    }
    return { source: { sizeBytes: parseDiskSize(rest, field) }, adopt: false, readOnly: false, ...common };
  }
  const file = parseDiskSpec([rest, ...kept].join(','), field);
  if (!('path' in file))
    throw new InvalidInputError(field, `${JSON.stringify(text)} is no disk`, { hint: GRAMMAR });
  const readOnly = file.readOnly ?? false;
  if (adopt && readOnly) {
    throw new InvalidInputError(field, 'adopt and readonly contradict each other', {
      hint: 'readonly leaves the file as it is; adopt lets the machine write into it',
    });
  }
  const { path, format, trusted } = file;
  return { source: { path, format, ...(trusted && { trusted }) }, adopt, readOnly, ...common };
}

function isCache(text: string): text is NewDisk['cache'] {
  return ['writeback', 'none', 'unsafe'].includes(text);
}
