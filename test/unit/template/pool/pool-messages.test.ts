import { expect, test } from 'vitest';
import { PoolFailedError, TemplateStaleError } from '../../../../src/errors/index.ts';
import { failureOf, refusalOf } from '../../../../src/template/pool/pool-messages.ts';

test('a failure is prefixed with the name of the pool once', () => {
  const { message, hint } = new PoolFailedError('fast', 'all 64 guests are in use', { hint: 'try again' });
  const refusal = refusalOf('fast', { kind: 'failed', message, hint });
  expect(refusal).toMatchObject({ message: 'pool "fast": all 64 guests are in use', hint: 'try again' });
});

test('another failure is reported as a failure of the pool', () => {
  const refusal = refusalOf('fast', { kind: 'failed', message: 'no space left on device: /x' });
  expect(refusal.message).toBe('pool "fast": no space left on device: /x');
});

test('a stale template is explained without its name, with the way to replace the pool', () => {
  const stale = new TemplateStaleError('template', ['QEMU was 9 and is now 10']);
  expect(refusalOf('fast', failureOf('fast', stale))).toMatchObject({
    message: 'pool "fast": its template is stale: QEMU was 9 and is now 10',
    hint: expect.stringMatching(/^run: vmlet pool rm fast; then create the pool again/) as string,
  });
});

test('an error keeps its message and its hint', () => {
  const error = new PoolFailedError('fast', 'full', { hint: 'try again' });
  expect(failureOf('fast', error)).toEqual({ kind: 'failed', message: error.message, hint: 'try again' });
  expect(failureOf('fast', new Error('x'))).toEqual({ kind: 'failed', message: 'x' });
});
