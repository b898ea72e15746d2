import { expect, it } from 'vitest';
import { describeOutOfSpace, outOfSpaceOf } from '../../../../src/machine/life/out-of-space.ts';

// In QEMU 10’s format: see the documentation of BLOCK_IO_ERROR.
const event = { action: 'stop', nospace: true, 'node-name': 'disk1', device: '', reason: 'No space left' };

it('names the disk without space', () => {
  expect(outOfSpaceOf(event)).toEqual({ disk: 'disk1' });
});

it.each([
  [{ ...event, 'node-name': undefined, device: 'drive0' }, 'drive0'],
  [{ action: 'stop', nospace: true }, 'a disk'],
])('accepts an event of a QEMU that reports less: %j', (data, disk) => {
  expect(outOfSpaceOf(data)).toEqual({ disk });
});

it.each([
  { ...event, action: 'report' },
  { ...event, action: 'ignore' },
  { ...event, nospace: false },
  { ...event, nospace: undefined },
  { ...event, nospace: 'yes' },
  { ...event, action: 5 },
  { ...event, 'node-name': 5 },
  { ...event, device: 5 },
  undefined,
  null,
  'stop',
])('ignores an error that does not pause the machine: %j', (data) => {
  expect(outOfSpaceOf(data)).toBeUndefined();
});

it('is described in words', () => {
  expect(describeOutOfSpace({ disk: 'disk1' })).toBe('no space left on the host for disk1');
});
