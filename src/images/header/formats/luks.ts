import type { HeaderReader } from './byte-source.ts';
import type { Findings } from './image-header.ts';

/** The LUKS1 On-Disk Format Specification 1.2.3, section 3.1; big-endian. */
const HEADER_BYTES = 592;
const SECTOR = 512n;

export async function readLuks(reader: HeaderReader, findings: Findings): Promise<void> {
  const header = await reader.bytes(0, HEADER_BYTES, 'its header');
  findings.version = header.readUInt16BE(6);
  findings.encryption = 'LUKS';
  if (findings.version === 1) {
    const payload = BigInt(header.readUInt32BE(104)) * SECTOR;
    findings.expect(payload >= BigInt(HEADER_BYTES), 'has a payload that overlaps its header');
    findings.size(BigInt(reader.size) - payload);
  } else {
    // Version 2 stores the size in JSON, which is not read: encrypted images are rejected anyway.
    findings.expect(findings.version === 2, `has unknown LUKS version ${findings.version}`);
  }
}
