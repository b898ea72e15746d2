import { expect, test } from 'vitest';
import {
  destinationOf,
  isGroup,
  parseHardwareAddress,
  sourceOf,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';

test('a frame begins with its length, its destination and its source', () => {
  const frame = streamFrame(Buffer.from('0102030405060708090a0b0c0800ff', 'hex'));
  expect(frame.toString('hex')).toBe('0000000f' + '010203040506' + '0708090a0b0c' + '0800ff');
  expect(destinationOf(frame)).toBe(parseHardwareAddress('01:02:03:04:05:06'));
  expect(sourceOf(frame)).toBe(parseHardwareAddress('07:08:09:0a:0b:0c'));
});

test.each([
  ['ff:ff:ff:ff:ff:ff', true],
  ['01:00:5e:00:00:01', true],
  ['33:33:00:00:00:01', true],
  ['52:54:00:12:34:57', false],
  ['00:01:01:01:01:01', false],
])('%s is a group address: %s', (address, is) => {
  expect(isGroup(parseHardwareAddress(address))).toBe(is);
});
