import { expect, it } from 'vitest';
import { hasEfiStub } from '../../../../src/images/formats/bzimage.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';

it.each(['uefi', 'uefi-secure'] as const)('rejects micro with %s', (firmware) => {
  expect(() => parseCreateOptions({ name: 'm', image: 'micro', firmware })).toThrow(
    `firmware: ${firmware} cannot boot the image micro`,
  );
  expect(parseCreateOptions({ name: 'm', image: 'debian:13', firmware }).firmware).toBe(firmware);
});

it('accepts micro with bios, its default', () => {
  expect(parseCreateOptions({ name: 'm', image: 'micro', firmware: 'bios' }).firmware).toBe('bios');
});

it('detects a kernel with an EFI stub', () => {
  const kernel = Buffer.alloc(512);
  kernel.write('MZ', 0, 'latin1');
  kernel.writeUInt32LE(0x80, 0x3c);
  expect(hasEfiStub(kernel)).toBe(false);
  kernel.write('PE\0\0', 0x80, 'latin1');
  expect(hasEfiStub(kernel)).toBe(true);
  kernel.writeUInt32LE(0xffffffff, 0x3c);
  expect(hasEfiStub(kernel)).toBe(false);
  expect(hasEfiStub(Buffer.from('MZ'))).toBe(false);
  expect(hasEfiStub(Buffer.concat([Buffer.from('\x7fELF'), kernel.subarray(4)]))).toBe(false);
});
