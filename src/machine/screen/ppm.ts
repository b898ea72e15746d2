import { crc32, deflateSync } from 'node:zlib';
import { QmpProtocolError } from '../../errors/index.ts';

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** 8 bits per sample, RGB; default compression and filter methods, not interlaced. */
const PIXEL_FORMAT = [8, 2, 0, 0, 0];
const BYTES_PER_PIXEL = 3;

/**
 * "P6", width, height and the maximum sample value, each after white space, then one white space and the
 * pixels (ppm(5)).
 */
const HEADER = /^P6\s+(\d+)\s+(\d+)\s+255\s/;
const LONGEST_HEADER = 64;

/**
 * Converts a PPM picture to PNG (RFC 2083), for QEMU versions that cannot write PNG.
 * @throws QmpProtocolError for input that QEMU would not write: it uses 8 bits per sample and no comments.
 */
export function pngOfPpm(ppm: Buffer): Buffer {
  const header = HEADER.exec(ppm.toString('latin1', 0, LONGEST_HEADER));
  const [width, height] = [Number(header?.[1]), Number(header?.[2])];
  const pixels = ppm.subarray(header?.[0].length);
  if (!header || pixels.length !== width * height * BYTES_PER_PIXEL || pixels.length === 0) {
    throw new QmpProtocolError('the screenshot failed: QEMU wrote an invalid PPM file');
  }
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk('IHDR', Buffer.concat([size, Buffer.from(PIXEL_FORMAT)])),
    chunk('IDAT', deflateSync(withFilterBytes(pixels, width * BYTES_PER_PIXEL))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Prefixes each row with its filter type; 0 means unfiltered. */
function withFilterBytes(pixels: Buffer, rowBytes: number): Buffer {
  const rows = pixels.length / rowBytes;
  const filtered = Buffer.alloc(pixels.length + rows);
  for (let row = 0; row < rows; row++) {
    pixels.copy(filtered, row * (rowBytes + 1) + 1, row * rowBytes, (row + 1) * rowBytes);
  }
  return filtered;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
