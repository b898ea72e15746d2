import { expect, it } from 'vitest';
import { ImageNotFoundError, LaunchError } from '../../../../src/errors/index.ts';
import { namedFailure, namingFailures } from '../../../../src/testing/runner/named-failure.ts';

it('a failure names its guest and has its hint in the message and the stack, once', async () => {
  const error = new ImageNotFoundError('$&:1', { hint: 'list images' });
  expect(namedFailure('web', error)).toBe(error);
  expect(error.message).toBe('guest "web": no such image: $&:1\nhint: list images');
  expect(error.stack).toMatch(
    /^\w+: guest "web": no such image: \$&:1\nhint: list images\n {4}at .*named-failure/,
  );
  // Its setup is equal to that of another guest.
  const work = async () => Promise.reject(error);
  await expect(namingFailures('db', work)).rejects.toBe(error);
  expect(error.message).not.toContain('db');
});

it('a failure without a hint only names its guest, and an abort is left as it is', () => {
  const error = new LaunchError('it did not boot', { qemu: [], console: [] }, { lines: ['a line'] });
  namedFailure('web', error);
  expect(error.message).toBe('guest "web": it did not boot\n  a line');
  expect(namedFailure('web', 'stop')).toBe('stop');
  expect(namedFailure('web', new Error('stop'))).toMatchObject({ message: 'stop' });
});
