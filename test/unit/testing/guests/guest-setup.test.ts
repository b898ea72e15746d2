import { expect, it } from 'vitest';
import { partsOf } from '../../../../src/testing/guests/guest-setup.ts';

it('the time limit of a guest is that of its template and of each fork', () => {
  expect(partsOf({ timeoutMs: 5000 })).toMatchObject({
    template: { timeoutMs: 5000 },
    fork: { timeoutMs: 5000 },
  });
  expect(partsOf({}).fork).toEqual({});
});

it('an expected alarm has a kind that exists, or is a pattern', () => {
  expect(partsOf({ expectedAlarms: ['oom-kill', /segfault/] }).use.expectedAlarms).toHaveLength(2);
  expect(() => partsOf({ expectedAlarms: ['oom' as 'oops'] })).toThrow('expectedAlarms[0]');
});
