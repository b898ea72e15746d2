import { expect, it } from 'vitest';
import { machines } from '../../../src/testing/vitest.ts';

it('a guest of a pool with other options does not compile, and the error names it and the options', () => {
  // @ts-expect-error ports are those of a guest that the test forks
  const mixed = () => machines({ db: {}, vm: { pool: 'fast', ports: ['80'] } });
  expect(mixed).toThrow('guest "vm": ports: unknown option\nhint: known options: pool, waitTimeoutMs');
  expect(() => machines({ vm: { pool: 'fast', waitTimeoutMs: 1000 } })).not.toThrow();
});

it('an unknown option of a guest is rejected, and the error lists those of tests too', () => {
  // @ts-expect-error a misspelled name
  const misspelled = () => machines({ vm: { port: ['80'] } });
  expect(misspelled).toThrow(
    /^guest "vm": port: unknown option\nhint: known options: [^]*ports[^]*run, prepare, networks/,
  );
});

it('options that only tests have are checked', () => {
  // @ts-expect-error labels are texts in an array
  expect(() => machines({ vm: { networks: 5 } })).toThrow('guest "vm": networks: 5: expected');
  expect(() => machines({ vm: { waitTimeoutMs: -1 } })).toThrow('guest "vm": waitTimeoutMs: -1: ');
});
