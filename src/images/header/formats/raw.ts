import type { HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';

/** Sets the size of a raw disk, which has no header, to that of the file. */
export async function readRaw(reader: HeaderReader, findings: Findings): Promise<void> {
  findings.size(BigInt(reader.size));
  return Promise.resolve();
}
