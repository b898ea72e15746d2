import { invalidArchive } from './invalid-archive.ts';
import { ByteReader } from './byte-reader.ts';

/** An entry of a tar stream; its content has to be read before the next entry is asked for. */
export interface TarEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'link' | 'special';
  readonly name: string;
  /** Target of a link. */
  readonly target: string;
  readonly mode: number;
  readonly mtime: Date | undefined;
  readonly content: AsyncIterable<Buffer>;
}

/** Long names and PAX attributes; they may precede a header. */
interface Extension {
  name?: string;
  target?: string;
  size?: number;
  mtime?: number;
}

const BLOCK = 512;
/** The longest path that Linux takes. */
const LONGEST_NAME = 4095;
const LARGEST_EXTENSION = 64 * 1024;
/** GNU tar pads its archives to 10 KiB. */
const LARGEST_PADDING = 1024 * 1024;

const KINDS: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'special',
  '4': 'special',
  '5': 'directory',
  '6': 'special',
};

/**
 * Reads the entries of an untrusted, uncompressed tar stream: POSIX ustar and pax, and GNU's long names. Memory is
 * bounded.
 * @throws GuestProtocolError for a stream that is damaged or truncated, or the stream's error.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(stream);
  let extension: Extension = {};
  for (;;) {
    const header = await reader.exactly(BLOCK);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = extension.size ?? numberAt(header, 124, 12);
    if (isExtension(type)) {
      if (size > LARGEST_EXTENSION) {
        throw invalidArchive(`an extended header has ${size} bytes (limit: ${LARGEST_EXTENSION})`);
      }
      extension = { ...extension, ...readExtension(type, await reader.exactly(size)) };
      await reader.skip(padding(size));
      continue;
    }
    const entry = entryOf(header, type, extension);
    extension = {};
    const end = reader.position + size + padding(size);
    yield { ...entry, content: reader.pieces(size) };
    await reader.skip(end - reader.position);
  }
  await reader.drain(LARGEST_PADDING);
}

function isExtension(type: string): boolean {
  return type === 'x' || type === 'g' || type === 'L' || type === 'K';
}

function readExtension(type: string, data: Buffer): Extension {
  if (type === 'L') return { name: textOf(untilNul(data)) };
  if (type === 'K') return { target: textOf(untilNul(data)) };
  return type === 'x' ? paxAttributes(data) : {};
}

/** Records are `LENGTH KEY=VALUE\n`; the length counts all of the record. */
function paxAttributes(data: Buffer): Extension {
  const found: Extension = {};
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const length = Number(data.toString('latin1', at, space));
    const equals = data.indexOf(0x3d, space);
    const isRecord =
      space > at && Number.isSafeInteger(length) && equals > space && at + length <= data.length;
    if (!isRecord || length <= equals - at) throw invalidArchive('it contains a damaged pax header');
    const value = data.subarray(equals + 1, at + length - 1);
    const key = data.toString('latin1', space + 1, equals);
    if (key.startsWith('GNU.sparse')) {
      throw invalidArchive('it contains a sparse file, which vmlet does not support');
    }
    if (key === 'path') found.name = textOf(value);
    if (key === 'linkpath') found.target = textOf(value);
    if (key === 'size') found.size = checkedSize(Number(value.toString('latin1')));
    if (key === 'mtime') found.mtime = Number(value.toString('latin1'));
    at += length;
  }
  return found;
}

function entryOf(header: Buffer, type: string, extension: Extension): Omit<TarEntry, 'content'> {
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? textOf(untilNul(header.subarray(345, 500))) : '';
  const short = textOf(untilNul(header.subarray(0, 100)));
  const name = extension.name ?? (prefix === '' ? short : `${prefix}/${short}`);
  const kind = KINDS[type];
  if (kind === undefined) throw invalidArchive(`an entry has the unknown type ${JSON.stringify(type)}`);
  const seconds = extension.mtime ?? timeAt(header);
  const mtime = new Date(seconds * 1000);
  return {
    // Archives older than POSIX mark directories by a slash only.
    kind: kind === 'file' && name.endsWith('/') ? 'directory' : kind,
    name,
    target: extension.target ?? textOf(untilNul(header.subarray(157, 257))),
    mode: numberAt(header, 100, 8),
    mtime: Number.isNaN(mtime.getTime()) ? undefined : mtime,
  };
}

/** In seconds since 1970. GNU's binary number of an earlier time begins with 0xff. */
function timeAt(header: Buffer): number {
  const field = header.subarray(136, 148);
  if (field[0] !== 0xff) return numberAt(header, 136, 12);
  return Number(BigInt.asIntN(8 * field.length, BigInt(`0x${field.toString('hex')}`)));
}

/** Octal digits, or GNU's binary number after a byte of 0x80. */
function numberAt(header: Buffer, offset: number, length: number): number {
  const field = header.subarray(offset, offset + length);
  if ((field[0] ?? 0) >= 0x80) {
    if (field[0] !== 0x80) throw invalidArchive('a header contains a negative number');
    return checkedSize(Number(BigInt(`0x${field.subarray(1).toString('hex')}`)));
  }
  const digits = untilNul(field).toString('latin1').trim();
  if (!/^[0-7]*$/.test(digits)) throw invalidArchive('a header contains an invalid number');
  return digits === '' ? 0 : checkedSize(Number.parseInt(digits, 8));
}

function checkedSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw invalidArchive('a header contains a number that is too large');
  }
  return size;
}

function checkSum(header: Buffer): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  if (numberAt(header, 148, 8) !== sum) throw invalidArchive('a header has a wrong checksum');
}

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const UNNAMEABLE =
  'nothing was copied; rename the file in the guest, or let tar create the files: vmlet cp NAME:/DIR - | tar -x';

/** Node cannot create a file whose name is not UTF-8, and two such names could become one. */
function textOf(bytes: Buffer): string {
  if (bytes.length > LONGEST_NAME) {
    throw invalidArchive(`a path has ${bytes.length} bytes (limit: ${LONGEST_NAME})`);
  }
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) {
    throw invalidArchive(`a path is not UTF-8: ${JSON.stringify(text)}`, { hint: UNNAMEABLE });
  }
  return text;
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
