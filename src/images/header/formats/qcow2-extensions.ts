import { HeaderDamage, type HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';
import type { Qcow2Geometry } from './qcow2-geometry.ts';

const END = 0;
const BACKING_FORMAT = 0xe2792aca;
const DATA_FILE = 0x44415441;
const ENCRYPTION = 0x0537be77;
const BITMAPS = 0x23852875;

/** Far more than there are types of extensions. */
const MOST_EXTENSIONS = 64;
/** QEMU has 16 bytes for it, including a NUL. */
const LONGEST_FORMAT = 15;
const LONGEST_DATA_NAME = 1023;
const BITMAPS_LENGTH = 24;
const MOST_BITMAPS = 65_535;

export interface Qcow2Extensions {
  readonly backingFormat: string | undefined;
  readonly dataFile: string | undefined;
  readonly hasEncryptionHeader: boolean;
}

export async function readQcow2Extensions(
  reader: HeaderReader,
  geometry: Qcow2Geometry,
  findings: Findings,
): Promise<Qcow2Extensions> {
  let backingFormat: string | undefined;
  let dataFile: string | undefined;
  let hasEncryptionHeader = false;
  const extensions = extensionsOf(reader, geometry);
  for await (const { type, offset, length } of extensions) {
    switch (type) {
      case BACKING_FORMAT:
        if (length > LONGEST_FORMAT)
          throw new HeaderDamage(`has a backing format name of ${length} bytes (limit: ${LONGEST_FORMAT})`);
        backingFormat = await textAt(reader, offset, length);
        break;
      case DATA_FILE:
        if (length > LONGEST_DATA_NAME)
          throw new HeaderDamage(`has a data file name of ${length} bytes (limit: ${LONGEST_DATA_NAME})`);
        dataFile = await textAt(reader, offset, length);
        break;
      case ENCRYPTION:
        hasEncryptionHeader = true;
        await checkEncryptionHeader(reader, offset, length);
        break;
      case BITMAPS:
        await checkBitmaps(reader, { offset, length }, geometry, findings);
        break;
    }
  }
  return { backingFormat, dataFile, hasEncryptionHeader };
}

interface Extension {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

async function* extensionsOf(
  reader: HeaderReader,
  { headerLength, extensionsEnd }: Qcow2Geometry,
): AsyncGenerator<Extension> {
  let at = headerLength;
  for (let count = 0; at < extensionsEnd; count += 1) {
    if (count === MOST_EXTENSIONS)
      throw new HeaderDamage(`has more than ${MOST_EXTENSIONS} header extensions`);
    if (extensionsEnd - at < 8) throw new HeaderDamage('has unterminated header extensions');
    const head = await reader.upTo(at, 8, 'a header extension');
    if (head.length < 8) throw new HeaderDamage('is truncated within its header extensions');
    const type = head.readUInt32BE(0);
    const length = head.readUInt32BE(4);
    if (length > extensionsEnd - at - 8) {
      throw new HeaderDamage(`has a header extension of ${length} bytes, which does not fit into the header`);
    }
    if (type === END) return;
    yield { type, offset: at + 8, length };
    at += 8 + Math.ceil(length / 8) * 8;
  }
}

async function textAt(reader: HeaderReader, offset: number, length: number): Promise<string> {
  const bytes = await reader.bytes(offset, length, 'a header extension');
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? length : end);
}

async function checkEncryptionHeader(reader: HeaderReader, offset: number, length: number): Promise<void> {
  if (length !== 16) throw new HeaderDamage(`has an encryption extension of ${length} bytes, expected 16`);
  const place = await reader.bytes(offset, length, 'its encryption extension');
  if (!reader.holds(place.readBigUInt64BE(0), place.readBigUInt64BE(8))) {
    throw new HeaderDamage('has an encryption header outside of the file');
  }
}

async function checkBitmaps(
  reader: HeaderReader,
  { offset, length }: Omit<Extension, 'type'>,
  { clusterBytes }: Qcow2Geometry,
  findings: Findings,
): Promise<void> {
  if (length !== BITMAPS_LENGTH) {
    return findings.problem(`has a bitmaps extension of ${length} bytes, expected ${BITMAPS_LENGTH}`);
  }
  const fields = await reader.bytes(offset, length, 'its bitmaps extension');
  const count = fields.readUInt32BE(0);
  findings.expect(count > 0 && count <= MOST_BITMAPS, `has an invalid number of bitmaps: ${count}`);
  const directory = { length: fields.readBigUInt64BE(8), offset: fields.readBigUInt64BE(16) };
  findings.expect(
    directory.offset % BigInt(clusterBytes) === 0n && reader.holds(directory.offset, directory.length),
    `has a bitmap directory at an invalid offset: byte ${directory.offset}`,
  );
}
