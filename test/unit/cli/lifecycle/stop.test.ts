import { expect, it } from 'vitest';
import { describeStop } from '../../../../src/cli/lifecycle/stop.ts';

it.each([
  [
    'guest',
    { kind: 'power-off', requested: true },
    /^asked the guest’s agent .*; the guest powered off on request$/,
  ],
  ['quit', { kind: 'host-quit' }, /^the guest did not shut down; told QEMU to quit$/],
  ['quit', { kind: 'power-off', requested: true }, /told QEMU to quit; the guest powered off/],
  ['SIGTERM', { kind: 'host-signal' }, /^QEMU did not quit; sent SIGTERM$/],
  [
    'SIGKILL',
    { kind: 'killed', signal: 'SIGKILL', expected: true },
    /^QEMU did not exit; killed it with SIGKILL$/,
  ],
] as const)('a stop by %s that ended with %o is described once', (rung, outcome, words) => {
  expect(describeStop({ rung, outcome })).toMatch(words);
});
