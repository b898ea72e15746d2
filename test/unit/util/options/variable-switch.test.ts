import { expect, it } from 'vitest';
import { isSwitchedOn } from '../../../../src/util/options/variable-switch.ts';

it.each([undefined, '', '0', 'false', 'no', 'off', 'FALSE', 'No', 'OFF'])('is off with %j', (value) => {
  expect(isSwitchedOn(value)).toBe(false);
});

it.each(['1', 'true', 'yes', 'on', 'YES', '00', 'none'])('is on with %j', (value) => {
  expect(isSwitchedOn(value)).toBe(true);
});
