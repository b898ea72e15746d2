import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { makeBzImage, makeElf, pvhNote } from '../../../../fixtures/images/make-elf.ts';
import { kernelPayload, kernelRelease } from '../../../../src/images/formats/bzimage.ts';
import { elfSection, hasPvhEntry, isStaticProgram } from '../../../../src/images/formats/elf.ts';
import { extractVmlinux } from '../../../../src/images/formats/vmlinux.ts';

const vmlinux = makeElf({
  programHeaders: [{ type: 4, data: pvhNote() }],
  sections: [{ name: '.rodata', data: Buffer.from('Linux version %s\0Linux version 6.1.2-test (x) #1') }],
});
const tools = { busybox: '/nonexistent' };

describe('bzImage', () => {
  it('reads the release', () => {
    expect(kernelRelease(makeBzImage(gzipSync(vmlinux), '6.1.2-test'))).toBe('6.1.2-test');
    expect(kernelRelease(vmlinux)).toBe('6.1.2-test');
    expect(kernelRelease(Buffer.from('no kernel at all'))).toBeUndefined();
    expect(kernelRelease(Buffer.alloc(4096))).toBeUndefined();
  });

  it('finds the payload without the size that the build appends', () => {
    const zstd = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4]),
      Buffer.from([0, 16, 0, 0]),
    ]);
    const payload = kernelPayload(makeBzImage(zstd, '6'));
    expect(payload?.compression).toBe('zstd');
    expect(payload?.data).toEqual(zstd.subarray(0, -4));
    expect(payload?.expectedSize).toBe(4096);
  });

  it('does not read beyond a truncated file', () => {
    const whole = makeBzImage(gzipSync(vmlinux), '6');
    for (const length of [0, 0x1f0, 0x240, 0x268, 0x300, 5 * 512, 5 * 512 + 18]) {
      expect(kernelPayload(whole.subarray(0, length))).toBeUndefined();
    }
  });

  it('extracts the kernel', async () => {
    const extracted = await extractVmlinux(makeBzImage(gzipSync(vmlinux), '6'), tools);
    expect(extracted?.equals(vmlinux)).toBe(true);
  });

  it('rejects a kernel that QEMU cannot enter, and a truncated one', async () => {
    expect(await extractVmlinux(makeBzImage(gzipSync(makeElf({})), '6'), tools)).toBeUndefined();
    const wrongSize = gzipSync(vmlinux);
    wrongSize.writeUInt32LE(1, wrongSize.length - 4);
    await expect(extractVmlinux(makeBzImage(wrongSize, '6'), tools)).rejects.toThrow();
    expect(await extractVmlinux(Buffer.alloc(8192), tools)).toBeUndefined();
  });
});

describe('ELF', () => {
  it('finds a PVH entry among other notes', () => {
    const other = Buffer.alloc(12 + 4 + 4);
    other.writeUInt32LE(4, 0);
    other.writeUInt32LE(3, 4);
    other.write('GNU\0', 12, 'latin1');
    const notes = Buffer.concat([other, pvhNote()]);
    expect(hasPvhEntry(makeElf({ programHeaders: [{ type: 4, data: notes }] }))).toBe(true);
    expect(hasPvhEntry(makeElf({ programHeaders: [{ type: 4, data: other }] }))).toBe(false);
    expect(hasPvhEntry(makeElf({ programHeaders: [{ type: 1, data: pvhNote() }] }))).toBe(false);
  });

  it('distinguishes static programs of this architecture from others', () => {
    const interpreter = { type: 3, data: Buffer.from('/lib64/ld-linux-x86-64.so.2\0') };
    expect(isStaticProgram(makeElf({}))).toBe(true);
    expect(isStaticProgram(makeElf({ programHeaders: [interpreter] }))).toBe(false);
    expect(isStaticProgram(makeElf({ machine: 183 }))).toBe(false);
    expect(isStaticProgram(Buffer.from('#!/bin/sh\n'))).toBe(false);
  });

  it('finds no section if headers or names are truncated', () => {
    const elf = makeElf({ sections: [{ name: '.modinfo', data: Buffer.from('x') }] });
    for (const [value, at] of [
      [1, 0x3a],
      [0xffff, 0x3e],
    ] as const) {
      const damaged = Buffer.from(elf);
      damaged.writeUInt16LE(value, at);
      expect(elfSection(damaged, '.modinfo')).toBeUndefined();
    }
  });

  it('finds sections by name and does not read beyond a truncated file', () => {
    const elf = makeElf({ sections: [{ name: '.modinfo', data: Buffer.from('depends=a') }] });
    expect(elfSection(elf, '.modinfo')?.toString()).toBe('depends=a');
    expect(elfSection(elf, '.text')).toBeUndefined();
    for (let length = 0; length < elf.length; length += 16) {
      expect(elfSection(elf.subarray(0, length), '.modinfo')).toBeUndefined();
    }
  });
});
