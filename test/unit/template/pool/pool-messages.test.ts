import { expect, test } from 'vitest';
import { PoolFailedError } from '../../../../src/errors/index.ts';
import { refusalOf } from '../../../../src/template/pool/pool-messages.ts';

test('a failure is prefixed with the name of the pool once', () => {
  const { message, hint } = new PoolFailedError('fast', 'all 64 guests are in use', { hint: 'try again' });
  const refusal = refusalOf('fast', { kind: 'failed', message, hint });
  expect(refusal).toMatchObject({ message: 'pool "fast": all 64 guests are in use', hint: 'try again' });
});

test('another failure is reported as a failure of the pool', () => {
  const refusal = refusalOf('fast', { kind: 'failed', message: 'no space left on device: /x' });
  expect(refusal.message).toBe('pool "fast": no space left on device: /x');
});
