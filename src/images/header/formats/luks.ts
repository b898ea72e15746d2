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
    findings.expect(payload >= BigInt(HEADER_BYTES), 'has its content where its header is');
    findings.size(BigInt(reader.size) - payload);
  } else {
    // Version 2 says it in JSON. It is refused all the same, since it is encrypted.
    findings.expect(findings.version === 2, `is a LUKS of the unknown version ${findings.version}`);
  }
}
