import type { ByteSource } from './byte-source.ts';
import { HeaderDamage, HeaderReader } from './byte-source.ts';
import { type Content, detectContent } from './detect.ts';
import { type Findings, type ImageHeader, type UnderstoodFormat, findingsOf } from './image-header.ts';
import { readIso } from './iso.ts';
import { readLuks } from './luks.ts';
import { readQcow2 } from './qcow2.ts';
import { readQed } from './qed.ts';
import { readRaw } from './raw.ts';
import { readVdi } from './vdi.ts';
import { readVhd } from './vhd.ts';
import { readVhdx } from './vhdx.ts';
import { readVmdk } from './vmdk.ts';

const readers: Readonly<
  Record<UnderstoodFormat, (reader: HeaderReader, findings: Findings) => Promise<void>>
> = {
  qcow2: readQcow2,
  raw: readRaw,
  iso: readIso,
  vmdk: readVmdk,
  vdi: readVdi,
  vpc: readVhd,
  vhdx: readVhdx,
  qed: readQed,
  luks: readLuks,
};

/** What a file is by its content; undefined for what has no format. */
export async function detect(source: ByteSource): Promise<Content | undefined> {
  try {
    return await detectContent(new HeaderReader(source));
  } catch (error) {
    // Only one that shrinks just now: what cannot be read has no format, and its header is damaged.
    if (!(error instanceof HeaderDamage)) throw error;
    return undefined;
  }
}

/** Reads the header that a file of this format has. Whatever is in it, this gives an answer, and a soon one. */
export async function readHeader(source: ByteSource, format: UnderstoodFormat): Promise<ImageHeader> {
  const reader = new HeaderReader(source);
  return findingsOf(format, async (findings) => readers[format](reader, findings));
}
