import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestProcess } from '../../../src/index.ts';
import { run } from '../../../src/process/run.ts';

export const PIECE_BYTES = 512 * 1024;

/** Writes random records to a disk, one after the other, and prints the number and digest of each flushed one. */
export function pieceScript(count: number): string {
  return `i=0
while [ $i -lt ${count} ]; do
  head -c ${PIECE_BYTES} /dev/urandom > /piece
  dd if=/piece of=/dev/vda bs=${PIECE_BYTES} seek=$i conv=fsync,notrunc 2> /dev/null || exit 9
  set -- $(sha256sum /piece)
  echo $i $1
  i=$((i + 1))
done`;
}

/** Collects a guest’s output by line, until its command or the machine ends. */
export function linesOf(process: GuestProcess): string[] {
  const lines: string[] = [];
  let partial = '';
  process.stdout.setEncoding('utf8').on('data', (text: string) => {
    const [...complete] = `${partial}${text}`.split('\n');
    partial = complete.pop() ?? '';
    lines.push(...complete);
  });
  // A caller that waits for the command gets the error.
  process.stdout.on('error', () => undefined);
  return lines;
}

/** Checks the records that the guest reported as written. @returns a sentence for each that is not on the disk. */
export async function missingPieces(
  said: readonly string[],
  disk: { readonly path: string; readonly format: string },
  directory: string,
): Promise<string[]> {
  const plain = join(directory, 'plain.raw');
  await run(['qemu-img', 'convert', '-f', disk.format, '-O', 'raw', disk.path, plain]);
  const file = await open(plain);
  try {
    const missing = [];
    const piece = Buffer.alloc(PIECE_BYTES);
    for (const line of said) {
      const [index = '', digest] = line.split(' ');
      await file.read(piece, 0, PIECE_BYTES, Number(index) * PIECE_BYTES);
      const found = createHash('sha256').update(piece).digest('hex');
      if (found !== digest) missing.push(`piece ${index}, which the guest had flushed, has changed`);
    }
    return missing;
  } finally {
    await file.close();
    await rm(plain);
  }
}
