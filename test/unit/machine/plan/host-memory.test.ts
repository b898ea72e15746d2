import { describe, expect, it } from 'vitest';
import { checkHostMemory, parseMeminfo } from '../../../../src/machine/plan/host-memory.ts';

const GiB = 1024 ** 3;
const HOST = { memoryBytes: 24 * GiB, swapBytes: 0 };

it('reads the memory limits of Linux', () => {
  const text = 'MemTotal:       24684168 kB\nMemFree:        19000000 kB\nSwapTotal:       1048576 kB\n';
  expect(parseMeminfo(text)).toStrictEqual({ memoryBytes: 24_684_168 * 1024, swapBytes: GiB });
});

describe('a guest', () => {
  it('may have all memory of the host, including its swap', () => {
    expect(() => checkHostMemory(24 * GiB, HOST)).not.toThrow();
    expect(() => checkHostMemory(25 * GiB, { ...HOST, swapBytes: GiB })).not.toThrow();
  });

  it('is rejected if it is larger than its host', () => {
    expect(() => checkHostMemory(900 * GiB, HOST)).toThrow(
      expect.objectContaining({
        message: 'memory: 900 GiB exceeds the memory of the host (24 GiB, no swap)',
        hint: 'give the guest less memory, such as --memory 512M',
      }),
    );
    expect(() => checkHostMemory(26 * GiB, { ...HOST, swapBytes: GiB })).toThrow('(24 GiB, 1 GiB of swap)');
  });
});
