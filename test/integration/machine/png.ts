import { inflateSync } from 'node:zlib';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel. */
  readonly pixels: Buffer;
}

/** Decodes PNG as QEMU and vmlet write it: 8-bit RGB, not interlaced (RFC 2083). */
export function decodePng(png: Buffer): Picture {
  if (png.toString('latin1', 1, 4) !== 'PNG') throw new Error('it is no PNG');
  const data: Buffer[] = [];
  let [width, height] = [0, 0];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    const body = png.subarray(at + 8, at + 8 + png.readUInt32BE(at));
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      if (body.subarray(8).toString('hex') !== '0802000000') throw new Error('it is not 8-bit RGB');
    }
    if (type === 'IDAT') data.push(body);
  }
  return { width, height, pixels: unfilter(inflateSync(Buffer.concat(data)), width * 3, height) };
}

export function coloursOf({ pixels }: Picture): Set<number> {
  const colours = new Set<number>();
  for (let at = 0; at < pixels.length; at += 3) colours.add(pixels.readUIntBE(at, 3));
  return colours;
}

function unfilter(data: Buffer, rowBytes: number, rows: number): Buffer {
  const pixels = Buffer.alloc(rowBytes * rows);
  for (let row = 0; row < rows; row++) {
    const filter = data[row * (rowBytes + 1)];
    for (let column = 0; column < rowBytes; column++) {
      const at = row * rowBytes + column;
      const left = column >= 3 ? (pixels[at - 3] ?? 0) : 0;
      const above = row > 0 ? (pixels[at - rowBytes] ?? 0) : 0;
      const corner = column >= 3 && row > 0 ? (pixels[at - rowBytes - 3] ?? 0) : 0;
      const predicted = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter ?? 0] ?? 0;
      pixels[at] = ((data[row * (rowBytes + 1) + 1 + column] ?? 0) + predicted) & 0xff;
    }
  }
  return pixels;
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(estimate - value));
  if ((toLeft ?? 0) <= (toAbove ?? 0) && (toLeft ?? 0) <= (toCorner ?? 0)) return left;
  return (toAbove ?? 0) <= (toCorner ?? 0) ? above : corner;
}
