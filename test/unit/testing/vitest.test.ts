import { expect, it } from 'vitest';
import { machines } from '../../../src/testing/vitest.ts';

it('a guest of a pool with other options does not compile, and the error names it and the options', () => {
  // @ts-expect-error ports are those of a guest that the test forks
  const mixed = () => machines({ db: {}, vm: { pool: 'fast', ports: ['80'] } });
  expect(mixed).toThrow('guest "vm": ports: unknown option\nhint: known options: pool, waitTimeoutMs');
  expect(() => machines({ vm: { pool: 'fast', waitTimeoutMs: 1000 } })).not.toThrow();
});
