import { expect, it } from 'vitest';
import { board, bootParameters, cpuModel, fullBoard } from '../../../../src/machine/plan/board.ts';

const kvm = { kind: 'kvm', cpu: 'qemu64' } as const;
const tcg = { kind: 'tcg', reason: 'asked for' } as const;

it.each([
  ['auto', kvm, 'qemu64'],
  ['auto', tcg, 'max'],
  ['Nehalem', kvm, 'Nehalem'],
  ['Nehalem', tcg, 'Nehalem'],
  ['host', kvm, 'host'],
] as const)('the processor %s under %o is %s', (asked, accelerator, model) => {
  expect(cpuModel(asked, accelerator)).toBe(model);
});

it("the host's own processor is rejected without KVM, with the reason", () => {
  expect(() => cpuModel('host', tcg)).toThrow('cpu: "host" requires KVM, which is not usable: asked for');
  expect(() => cpuModel('host', { ...tcg, reason: 'requested' })).toThrow('KVM, but --accel tcg was given');
  expect(() => cpuModel('host', tcg)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('qemu-system-x86_64 -cpu help') as string }),
  );
});

it('our kernels boot without unused devices, each of which would be probed', () => {
  expect(board).toEqual({
    type: 'q35',
    options: {
      hpet: 'off',
      smbus: 'off',
      sata: 'off',
      usb: 'off',
      vmport: 'off',
      graphics: 'off',
      i8042: 'off',
    },
  });
});

it('systems get PC hardware: a drive, a screen and a keyboard', () => {
  expect(fullBoard).toEqual({ type: 'q35', options: { hpet: 'off', vmport: 'off', usb: 'off' } });
});

it('micro’s kernels write to the console that vmlet reads, end at a panic, and trust an emulated timer', () => {
  expect(bootParameters).toEqual(['console=ttyS0', 'panic=-1', 'no_timer_check']);
});
