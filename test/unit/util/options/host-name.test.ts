import { expect, it } from 'vitest';
import { hostNameSchema } from '../../../../src/util/options/host-name.ts';

it.each(['a', '7', 'A1', 'web-1', 'a--b', 'x'.repeat(63), `a${'-'.repeat(61)}b`])('%s is a name', (name) => {
  expect(hostNameSchema.parse(name)).toBe(name);
});

it.each(['', '-a', 'a-', '-', 'a.b', 'a_b', 'a b', 'ä', 'a\n', ' a', 'x'.repeat(64)])(
  '%j is rejected',
  (name) => {
    expect(hostNameSchema.safeParse(name).error?.issues[0]?.message).toBe(
      'expected at most 63 letters, digits and hyphens, and no hyphen at either end',
    );
  },
);
