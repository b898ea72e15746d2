import { expect, it } from 'vitest';
import { signalName } from '../../../../src/util/system/signal-name.ts';

it.each([
  [6, 'SIGABRT'],
  [9, 'SIGKILL'],
  [29, 'SIGIO'],
  [34, 'SIG34'],
])('the name of signal %i is %s', (number, name) => {
  expect(signalName(number)).toBe(name);
});
