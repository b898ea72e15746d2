import { describe, expect, it } from 'vitest';
import { type ForkOptions, parseForkOptions, timeoutOf } from '../../../src/template/fork-options.ts';

describe('the time limit of a fork', () => {
  it.each([
    ['kvm', 60_000],
    ['tcg', 360_000],
  ] as const)('is a minute, and longer without KVM: %s', (kind, expected) => {
    expect(timeoutOf({}, { kind })).toBe(expected);
  });

  it('is the given one', () => {
    expect(timeoutOf({ timeoutMs: 5000 }, { kind: 'tcg' })).toBe(5000);
  });
});

it.each([
  ['options', 'fork'],
  ['signal', { signal: {} }],
  ['log', { log: console.log }],
  ['console', { console: process.stdin.fd }],
])('invalid %s are rejected', (field, options) => {
  expect(() => parseForkOptions(options as unknown as ForkOptions)).toThrow(
    expect.objectContaining({ code: 'VMLET_INVALID_INPUT', field }) as Error,
  );
});
