import { expect, test } from 'vitest';
import { LONGEST_FRAME, streamFrame } from '../../../../src/network/ethernet/ethernet-frame.ts';
import { FrameStream, FrameStreamError } from '../../../../src/network/ethernet/frame-stream.ts';

const frames = ['first', '', 'third '.repeat(300), 'x'].map((text) => streamFrame(Buffer.from(text)));
const all = Buffer.concat(frames);

test.each([1, 2, 3, 5, 7, 64, 1000, all.length])('finds the frames in chunks of %i bytes', (size) => {
  const stream = new FrameStream();
  const found = [];
  for (let at = 0; at < all.length; at += size) found.push(...stream.push(all.subarray(at, at + size)));
  expect(found.map(String)).toEqual(frames.map(String));
});

test('accepts the longest frame, and rejects one byte more', () => {
  expect(new FrameStream().push(streamFrame(Buffer.alloc(LONGEST_FRAME)))).toHaveLength(1);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(LONGEST_FRAME + 1);
  expect(() => new FrameStream().push(head)).toThrow(FrameStreamError);
  expect(() => new FrameStream().push(head)).toThrow(
    `invalid frame length: ${LONGEST_FRAME + 1} bytes (limit: 69632)`,
  );
  expect(new FrameStreamError(1).name).toBe('FrameStreamError');
});
