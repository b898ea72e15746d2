import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { appendNeedsKernel, checkAppend } from '../../../../src/machine/spec/kernel-command-line.ts';

it.each([undefined, '', 'quiet a="b c"', 'x'.repeat(2047), `${'ä'.repeat(1023)}x`])(
  'accepts %j',
  (append) => {
    expect(checkAppend(append)).toBeUndefined();
  },
);

it.each(['a\nb', 'a\rb', 'a\0b', '\n'])('rejects %j, which contains a line break or NUL', (append) => {
  expect(() => checkAppend(append)).toThrow(InvalidInputError);
  expect(() => checkAppend(append)).toThrow(/^append: must not contain a line break or a NUL/);
});

it.each(['x'.repeat(2048), 'ä'.repeat(1024)])(
  'rejects a line longer in bytes than Linux’s limit',
  (append) => {
    expect(() => checkAppend(append)).toThrow(
      'append: the kernel command line is too long: 2048 bytes (limit: 2047)',
    );
    expect(() => checkAppend(append)).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining(
          'to pass long values to a program in the guest, use its arguments',
        ) as string,
      }),
    );
  },
);

it('says why a disk takes no words, and where else they can be set', () => {
  expect(appendNeedsKernel('boot a kernel')).toMatchObject({
    field: 'append',
    message: expect.stringContaining('boot loader') as string,
    hint: 'boot a kernel',
  });
});
