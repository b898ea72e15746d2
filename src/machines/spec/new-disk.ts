import { InvalidInputError } from '../../errors/index.ts';
import { isDiskSize, parseDiskSize } from '../../images/qemu-img/disk-size.ts';
import { type DiskSpec, parseDiskSpec } from '../../machine/spec/disk-spec.ts';

/** A disk to add to a named machine. */
export interface NewDisk {
  /** Name in errors, as in `disks[0]`. */
  readonly field: string;
  /** Size of an empty disk, or a file. */
  readonly source: DiskSpec;
  /** With a file: the machine writes to the file itself, not to an overlay. */
  readonly adopt: boolean;
  readonly readOnly: boolean;
  readonly cache: 'writeback' | 'none' | 'unsafe';
  readonly discard: boolean;
}

const GRAMMAR =
  'use SIZE[,OPTION…] or FILE[,OPTION…], such as disk.qcow2,readonly,cache=none; options of both: cache=writeback|none|unsafe, nodiscard; options of FILE only: format=qcow2|raw, trusted, readonly, adopt';
const OPTION = /^(?<rest>.*),(?<option>adopt|nodiscard|cache=(?<cache>[a-z]*))$/s;

/**
 * @param field name of the disk in errors, as in `disks[0]`.
 * @throws InvalidInputError
 */
export function parseNewDisk(text: string, field: string): NewDisk {
  let rest = text;
  let adopt = false;
  let discard = true;
  let cache: string | undefined;
  // Options of named disks and of disk files may be mixed: the former are removed wherever they are.
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
    throw new InvalidInputError(field, `invalid cache mode "${cache}"`, {
      hint: 'use cache=writeback, cache=none or cache=unsafe',
    });
  }
  const common = { field, cache: cache ?? 'writeback', discard } as const;
  if (isDiskSize(rest)) {
    if (adopt || kept.length > 0) {
      throw new InvalidInputError(
        field,
        `the options adopt, format, readonly and trusted require a file, not a size: ${JSON.stringify(text)}`,
        {
          hint: GRAMMAR,
        },
      );
    }
    return { source: { sizeBytes: parseDiskSize(rest, field) }, adopt: false, readOnly: false, ...common };
  }
  const file = parseDiskSpec([rest, ...kept].join(','), field);
  if (!('path' in file))
    throw new InvalidInputError(field, `invalid disk ${JSON.stringify(text)}`, { hint: GRAMMAR });
  const readOnly = file.readOnly ?? false;
  if (adopt && readOnly) {
    throw new InvalidInputError(field, 'the options adopt and readonly cannot be used together', {
      hint: 'use readonly to leave the file unchanged, or adopt to let the machine write to it',
    });
  }
  const { path, format, trusted } = file;
  return { source: { path, format, ...(trusted && { trusted }) }, adopt, readOnly, ...common };
}

function isCache(text: string): text is NewDisk['cache'] {
  return ['writeback', 'none', 'unsafe'].includes(text);
}
