import type { ByteSource } from './formats/byte-source.ts';
import { HeaderDamage, HeaderReader } from './formats/byte-source.ts';
import { type Content, detectContent } from './detect.ts';
import {
  type Findings,
  type ImageHeader,
  type UnderstoodFormat,
  findingsOf,
} from './formats/image-header.ts';
import { readIso } from './formats/iso.ts';
import { readLuks } from './formats/luks.ts';
import { readQcow2 } from './formats/qcow2.ts';
import { readQed } from './formats/qed.ts';
import { readRaw } from './formats/raw.ts';
import { readVdi } from './formats/vdi.ts';
import { readVhd } from './formats/vhd.ts';
import { readVhdx } from './formats/vhdx.ts';
import { readVmdk } from './formats/vmdk.ts';

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

/** Detects the content of a file; undefined for data without a format. */
export async function detect(source: ByteSource): Promise<Content | undefined> {
  try {
    return await detectContent(new HeaderReader(source));
  } catch (error) {
    // Thrown only when the file shrinks meanwhile. Reading its header then reports the damage.
    if (!(error instanceof HeaderDamage)) throw error;
    return undefined;
  }
}

/** Reads the header of a file of this format. Returns quickly and never throws for invalid content. */
export async function readHeader(source: ByteSource, format: UnderstoodFormat): Promise<ImageHeader> {
  const reader = new HeaderReader(source);
  return findingsOf(format, async (findings) => readers[format](reader, findings));
}
