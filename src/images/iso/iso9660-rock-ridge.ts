import { type DirectoryRecord, type Extent, IsoDamage } from './iso9660-format.ts';

/** Rock Ridge: Unix names and links in the system use area of directory records (SUSP 1.12, RRIP 1.12). */

export interface SystemUseField {
  readonly signature: string;
  readonly payload: Buffer;
}

/** The fields of one area; `continuation` is the location of the next one. */
export interface SystemUseArea {
  readonly fields: readonly SystemUseField[];
  readonly continuation: Extent | undefined;
}

export function parseSystemUse(area: Buffer, blockSize: number): SystemUseArea {
  const fields: SystemUseField[] = [];
  let continuation: Extent | undefined;
  let at = 0;
  // Fewer bytes than a field's header are padding.
  while (at + 4 <= area.length && area.readUInt8(at) !== 0) {
    const signature = area.toString('latin1', at, at + 2);
    const length = area.readUInt8(at + 2);
    if (length < 4) throw new IsoDamage(`a Rock Ridge field has ${length} bytes, expected at least 4`);
    if (at + length > area.length) {
      throw new IsoDamage(
        `a Rock Ridge field has ${length} bytes, but only ${area.length - at} bytes are left for it`,
      );
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
  if (payload.length < 24) throw new IsoDamage('a Rock Ridge continuation has no location');
  const [block, offset, length] = [
    payload.readUInt32LE(0),
    payload.readUInt32LE(8),
    payload.readUInt32LE(16),
  ];
  // SUSP 5.1: a continuation area does not cross a block boundary.
  if (offset + length > blockSize) throw new IsoDamage('a Rock Ridge continuation crosses a block boundary');
  return { offset: block * blockSize + offset, length };
}

/**
 * Returns how many bytes to skip in every other record's area before Rock Ridge starts, as stated in the root's record
 * for itself; undefined for a medium without Rock Ridge.
 */
export function rockRidgeStart(rootItself: DirectoryRecord): number | undefined {
  const area = rootItself.systemUse;
  // On CD-ROM XA media, 14 bytes of XA attributes come first.
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

/** Returns the name in the NM fields; undefined without such a field. */
export function rockRidgeName(fields: readonly SystemUseField[]): string | undefined {
  const pieces = fields.filter(({ signature, payload }) => signature === 'NM' && payload.length >= 1);
  if (pieces.length === 0) return undefined;
  return Buffer.concat(pieces.map(({ payload }) => payload.subarray(1))).toString('utf8');
}

/** True for a symbolic link (SL), or the placeholder of a relocated directory (CL). */
export function isLink(fields: readonly SystemUseField[]): boolean {
  return fields.some(({ signature }) => signature === 'SL' || signature === 'CL');
}

/** True for a file compressed by mkzftree, which Linux's driver decompresses. */
export function isZisofs(fields: readonly SystemUseField[]): boolean {
  return fields.some(({ signature }) => signature === 'ZF');
}
