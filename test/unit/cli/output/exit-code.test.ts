import { expect, test } from 'vitest';
import { exitCodeOfSignal } from '../../../../src/cli/output/exit-code.ts';
import { signalName } from '../../../../src/util/system/signal-name.ts';

test.each([2, 9, 15, 34, 64])('the exit status for signal %i is that of a shell', (number) => {
  expect(exitCodeOfSignal(signalName(number))).toBe(128 + number);
});
