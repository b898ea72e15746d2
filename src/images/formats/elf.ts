/** Reads the few parts of 64-bit little-endian ELF files that kernels and kernel modules are checked for. */

const PROGRAM_HEADER_INTERPRETER = 3;
const PROGRAM_HEADER_NOTE = 4;
const SECTION_HEADER_BYTES = 64;
const MACHINE_X86_64 = 62;
/** XEN_ELFNOTE_PHYS32_ENTRY: where a PVH boot starts (Linux: include/xen/interface/elfnote.h). */
const NOTE_PVH_ENTRY = 18;

export function isElf(data: Buffer): boolean {
  return data.length >= 64 && data.readUInt32BE(0) === 0x7f454c46 && data[4] === 2 && data[5] === 1;
}

/** True for an x86_64 program without a dynamic linker. */
export function isStaticProgram(elf: Buffer): boolean {
  if (!isElf(elf) || elf.readUInt16LE(0x12) !== MACHINE_X86_64) return false;
  return programHeaders(elf).every(({ type }) => type !== PROGRAM_HEADER_INTERPRETER);
}

/** True for a kernel that QEMU's -kernel can start directly (PVH). */
export function hasPvhEntry(elf: Buffer): boolean {
  if (!isElf(elf)) return false;
  return programHeaders(elf).some(
    ({ type, offset, size }) =>
      type === PROGRAM_HEADER_NOTE && holdsPvhNote(elf.subarray(offset, offset + size)),
  );
}

function programHeaders(elf: Buffer): { type: number; offset: number; size: number }[] {
  const [table, size, count] = [readOffset(elf, 0x20), elf.readUInt16LE(0x36), elf.readUInt16LE(0x38)];
  if (size < 56 || table + size * count > elf.length) return [];
  return Array.from({ length: count }, (_, index) => table + index * size).map((at) => ({
    type: elf.readUInt32LE(at),
    offset: readOffset(elf, at + 8),
    size: readOffset(elf, at + 32),
  }));
}

function holdsPvhNote(notes: Buffer): boolean {
  let at = 0;
  while (at + 12 <= notes.length) {
    const [nameSize, dataSize, type] = [
      notes.readUInt32LE(at),
      notes.readUInt32LE(at + 4),
      notes.readUInt32LE(at + 8),
    ];
    const name = notes.toString('latin1', at + 12, at + 12 + nameSize);
    if (name === 'Xen\0' && type === NOTE_PVH_ENTRY) return true;
    at += 12 + alignToWord(nameSize) + alignToWord(dataSize);
  }
  return false;
}

/** Returns the first section with this name; undefined if there is none. */
export function elfSection(elf: Buffer, name: string): Buffer | undefined {
  if (!isElf(elf)) return undefined;
  const [table, size, count, namesIndex] = [
    readOffset(elf, 0x28),
    elf.readUInt16LE(0x3a),
    elf.readUInt16LE(0x3c),
    elf.readUInt16LE(0x3e),
  ];
  if (size < SECTION_HEADER_BYTES || namesIndex >= count || table + size * count > elf.length)
    return undefined;
  const contents = (index: number): Buffer => {
    const at = table + index * size;
    const start = readOffset(elf, at + 0x18);
    return elf.subarray(start, start + readOffset(elf, at + 0x20));
  };
  const names = contents(namesIndex);
  for (let index = 0; index < count; index++) {
    const nameAt = elf.readUInt32LE(table + index * size);
    const nameEnd = names.indexOf(0, nameAt);
    if (names.toString('latin1', nameAt, nameEnd) === name) return contents(index);
  }
  return undefined;
}

function readOffset(data: Buffer, at: number): number {
  return Number(data.readBigUInt64LE(at));
}

function alignToWord(size: number): number {
  return Math.ceil(size / 4) * 4;
}
