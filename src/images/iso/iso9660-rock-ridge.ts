import { type DirectoryRecord, type Extent, IsoDamage } from './iso9660-format.ts';

/** Rock Ridge: names and links as Unix has them, in the part of a record that ISO 9660 leaves to others (SUSP 1.12, RRIP 1.12). */

export interface SystemUseField {
  readonly signature: string;
  readonly payload: Buffer;
}

/** The fields of one area; `continuation` is where the next one lies. */
export interface SystemUseArea {
  readonly fields: readonly SystemUseField[];
  readonly continuation: Extent | undefined;
}

export function parseSystemUse(area: Buffer, blockSize: number): SystemUseArea {
  const fields: SystemUseField[] = [];
  let continuation: Extent | undefined;
  let at = 0;
  // What is shorter than a field's head is padding.
  while (at + 4 <= area.length && area.readUInt8(at) !== 0) {
    const signature = area.toString('latin1', at, at + 2);
    const length = area.readUInt8(at + 2);
    if (length < 4 || at + length > area.length) {
      throw new IsoDamage(`a Rock Ridge field has ${length} bytes where ${area.length - at} are left`);
    }
    if (signature === 'ST') break;
    const payload = area.subarray(at + 4, at + length);
    if (signature === 'CE') continuation = parseContinuation(payload, blockSize);
    else fields.push({ signature, payload });
    at += length;
  }
  return { fields, continuation };
}

function parseContinuation(payload: Buffer, blockSize: number): Extent {
  if (payload.length < 24) throw new IsoDamage('a continuation of Rock Ridge does not say where');
  const [block, offset, length] = [
    payload.readUInt32LE(0),
    payload.readUInt32LE(8),
    payload.readUInt32LE(16),
  ];
  // SUSP 5.1: a continuation area does not leave its block.
  if (offset + length > blockSize) throw new IsoDamage('a continuation of Rock Ridge leaves its block');
  return { offset: block * blockSize + offset, length };
}

/**
 * How many bytes to skip in every other record's area before Rock Ridge starts, which the root's record for itself
 * says; undefined where the medium has no Rock Ridge.
 */
export function rockRidgeStart(rootItself: DirectoryRecord): number | undefined {
  const area = rootItself.systemUse;
  // On CD-ROM XA media, 14 bytes of that come first.
  for (const at of [0, 14]) {
    if (
      area.length >= at + 7 &&
      area.toString('latin1', at, at + 2) === 'SP' &&
      area.readUInt16BE(at + 4) === 0xbeef
    )
      return area.readUInt8(at + 6);
  }
  return undefined;
}

/** The name in its NM fields; undefined where there is none. */
export function rockRidgeName(fields: readonly SystemUseField[]): string | undefined {
  const pieces = fields.filter(({ signature, payload }) => signature === 'NM' && payload.length >= 1);
  if (pieces.length === 0) return undefined;
  return Buffer.concat(pieces.map(({ payload }) => payload.subarray(1))).toString('utf8');
}

/** What stands for something else: a symbolic link (SL), or a directory that was moved up (CL). */
export function isLink(fields: readonly SystemUseField[]): boolean {
  return fields.some(({ signature }) => signature === 'SL' || signature === 'CL');
}

/** Files compressed by mkzftree, which Linux's own driver unpacks. */
export function isZisofs(fields: readonly SystemUseField[]): boolean {
  return fields.some(({ signature }) => signature === 'ZF');
}
