import type { HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';

/** A raw disk has no header: its size is that of the file. */
export async function readRaw(reader: HeaderReader, findings: Findings): Promise<void> {
  findings.size(BigInt(reader.size));
  return Promise.resolve();
}
