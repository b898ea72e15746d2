import { describe, expect, test } from 'vitest';
import { Random } from '../../../../fixtures/agent/random.ts';
import {
  type Frame,
  FrameDecoder,
  FrameFinder,
  FrameType,
  GarbageError,
  PAYLOAD_MAX,
  encodeFrame,
  encodeHeader,
} from '../../../../src/guest/agent/agent-frame.ts';

function plain(frame: Frame): unknown {
  return { ...frame, payload: frame.payload.toString('hex') };
}

function decode(decoder: FrameDecoder, bytes: Buffer, sizes: () => number): unknown[] {
  const frames: unknown[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const size = sizes();
    for (const frame of decoder.push(bytes.subarray(offset, offset + size))) frames.push(plain(frame));
    offset += size;
  }
  return frames;
}

const some = [
  { type: FrameType.hello, flag: 0, channel: 0, payload: Buffer.from('abc') },
  { type: FrameType.data, flag: 2, channel: 0xffffffff, payload: Buffer.alloc(PAYLOAD_MAX, 7) },
  { type: FrameType.end, flag: 1, channel: 7, payload: Buffer.alloc(0) },
  { type: FrameType.data, flag: 1, channel: 8, payload: Buffer.alloc(100) },
];
const encoded = some.map(({ type, flag, channel, payload }) => encodeFrame(type, flag, channel, payload));

describe('FrameDecoder', () => {
  test('has the layout that PROTOCOL.md describes', () => {
    expect(encodeFrame(FrameType.credit, 1, 0x01020304, Buffer.from([9, 8, 7, 6])).toString('hex')).toBe(
      ['564d4cf7', '08', '01', '4ab6', '04030201', '04000000', '09080706'].join(''),
    );
  });

  test.each([1, 2, 15, 16, 17, 1000, 65536])('decodes the same frames in chunks of %i bytes', (size) => {
    expect(decode(new FrameDecoder(), Buffer.concat(encoded), () => size)).toEqual(some.map(plain));
  });

  test('decodes the same frames in random chunks', () => {
    const random = new Random(1);
    for (let round = 0; round < 50; round += 1) {
      const frames = decode(new FrameDecoder(), Buffer.concat(encoded), () => 1 + random.below(9000));
      expect(frames).toEqual(some.map(plain));
    }
  });

  test('skips zero bytes between frames', () => {
    const padded = Buffer.concat(encoded.flatMap((frame) => [Buffer.alloc(5), frame, Buffer.alloc(40)]));
    expect(decode(new FrameDecoder(), padded, () => 3)).toEqual(some.map(plain));
  });

  test.each([
    ['text', Buffer.from('login: ')],
    ['one foreign byte', Buffer.from([1])],
    ['a frame with an impossible length', withByte(encoded[0]!, 14, 1)],
    ['a frame beyond the limit, with a correct check', encodeHeader(FrameType.data, 1, 3, PAYLOAD_MAX + 1)],
    ['a header with another magic number and a correct check', withMagic('4cf7564d')],
    ['a header with one bit changed', withByte(encoded[2]!, 8, 6)],
  ])('rejects %s', (_, bytes) => {
    expect(() => [...new FrameDecoder().push(bytes)]).toThrow(GarbageError);
    expect(() => [...new FrameDecoder().push(bytes)]).toThrow('the received bytes are not a valid frame');
  });

  test('rejects an invalid start of a frame at its first byte', () => {
    const decoder = new FrameDecoder();
    expect([...decoder.push(Buffer.from([0, 0, 0x56, 0x4d]))]).toEqual([]);
    expect(() => [...decoder.push(Buffer.from([0x4d]))]).toThrow(GarbageError);
  });

  test('rejects every header with a flipped bit', () => {
    const header = encoded[2]!;
    for (let bit = 0; bit < header.length * 8; bit += 1) {
      const changed = withByte(header, bit >> 3, header[bit >> 3]! ^ (1 << (bit & 7)));
      expect(() => [...new FrameDecoder().push(changed)]).toThrow(GarbageError);
    }
  });

  test('keeps the bytes after a frame when its reader stops there', () => {
    const decoder = new FrameDecoder();
    for (const frame of decoder.push(Buffer.concat([encoded[0]!, encoded[2]!]))) {
      expect(frame.type).toBe(FrameType.hello);
      break;
    }
    expect([...decoder.push(Buffer.alloc(0))].map(plain)).toEqual([plain(some[2]!)]);
  });

  test('does not copy the payload of a frame that begins its chunk', () => {
    const chunk = encoded[1]!;
    for (const { payload } of new FrameDecoder().push(chunk)) expect(payload.buffer).toBe(chunk.buffer);
    expect.assertions(1);
  });

  test('only ever rejects random bytes', () => {
    const random = new Random(2);
    for (let round = 0; round < 300; round += 1) {
      const decoder = new FrameDecoder();
      try {
        for (let chunk = 0; chunk < 20; chunk += 1) {
          const bytes = random.below(2) ? random.bytes(random.below(64)) : Buffer.from(random.pick(encoded));
          if (random.below(3) === 0 && bytes.length > 0)
            bytes[random.below(bytes.length)] = random.below(256);
          for (const frame of decoder.push(bytes))
            expect(frame.payload.length).toBeLessThanOrEqual(PAYLOAD_MAX);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(GarbageError);
      }
    }
  });
});

test('a frame has exactly the given flag, channel and contents', () => {
  expect(encodeFrame(FrameType.ping).toString('hex', 8)).toBe('00'.repeat(8));
  expect([...new FrameDecoder().push(encodeFrame(FrameType.ping))].map(plain)).toEqual([
    { type: FrameType.ping, flag: 0, channel: 0, payload: '' },
  ]);
});

test('the check of a header whose sum is all ones is zero', () => {
  // Its words: 4d56, f74c and bb5c.
  const frame = encodeFrame(0, 0, 0xbb5c);
  expect(frame.readUInt16LE(6)).toBe(0);
  expect([...new FrameDecoder().push(frame)].map(plain)).toEqual([
    { type: 0, flag: 0, channel: 0xbb5c, payload: '' },
  ]);
});

test('the check of a header carries more than once', () => {
  // The words 4d56, f74c, ffff, ffff and ffff need it.
  const frame = encodeFrame(0xff, 0xff, 0xffffffff, Buffer.alloc(0));
  expect([...new FrameDecoder().push(frame)].map(plain)).toEqual([
    { type: 0xff, flag: 0xff, channel: 0xffffffff, payload: '' },
  ]);
});

describe('FrameFinder', () => {
  const wanted = encodeFrame(FrameType.hello, 0, 0, Buffer.from('wanted'));

  function find(bytes: Buffer, size: number): { found: string[]; rest: string } {
    const finder = new FrameFinder(FrameType.hello);
    const found: string[] = [];
    for (let offset = 0; offset < bytes.length; offset += size) {
      const chunk = bytes.subarray(offset, offset + size);
      for (let frame = finder.find(chunk); frame; frame = finder.find()) found.push(frame.payload.toString());
    }
    return { found, rest: finder.rest.toString() };
  }

  test.each([1, 7, 100000])('finds a frame after any bytes, in chunks of %i bytes', (size) => {
    const before = [
      Buffer.from('login: VML VM'),
      encodeFrame(FrameType.data, 1, 3, Buffer.from('left over')),
      // Truncated within its contents, which then seem to include the following frame.
      encodeFrame(FrameType.data, 1, 3, Buffer.alloc(5000, 1)).subarray(0, 300),
      Buffer.alloc(100),
    ];
    expect(find(Buffer.concat([...before, wanted, Buffer.from('VM')]), size)).toEqual({
      found: ['wanted'],
      rest: 'VM',
    });
  });

  test.each([
    ['of another type', encodeFrame(FrameType.ping, 0, 0, Buffer.from('x'))],
    ['with an impossible length', withByte(wanted, 14, 1)],
    ['with a broken header', withByte(wanted, 5, 9)],
  ])('skips a frame %s', (_, bytes) => {
    expect(find(Buffer.concat([bytes, wanted]), 1000)).toEqual({ found: ['wanted'], rest: '' });
  });

  test('returns the flag, the channel and all of the contents', () => {
    const finder = new FrameFinder(FrameType.data);
    const content = Buffer.alloc(PAYLOAD_MAX, 'c');
    const whole = encodeFrame(FrameType.data, 2, 0x01020304, content);
    expect(finder.find(whole.subarray(0, -1))).toBeUndefined();
    expect(finder.find(whole.subarray(-1))).toEqual({
      type: FrameType.data,
      flag: 2,
      channel: 0x01020304,
      payload: content,
    });
  });

  test('needs no byte after a frame without contents', () => {
    const finder = new FrameFinder(FrameType.ping);
    expect(finder.find(encodeFrame(FrameType.ping))).toMatchObject({ type: FrameType.ping, channel: 0 });
  });

  test('buffers only a possible start of a frame', () => {
    const finder = new FrameFinder(FrameType.hello);
    expect(finder.find(Buffer.alloc(1000, 'x'))).toBeUndefined();
    expect(finder.rest).toHaveLength(3);
    expect(new FrameFinder(FrameType.hello).rest).toHaveLength(0);
    const short = new FrameFinder(FrameType.hello);
    short.find(Buffer.from('ab'));
    expect(short.rest.toString()).toBe('ab');
  });

  test('finds several frames', () => {
    expect(find(Buffer.concat([wanted, Buffer.from('x'), wanted]), 13).found).toEqual(['wanted', 'wanted']);
  });
});

function withMagic(hex: string): Buffer {
  return Buffer.concat([Buffer.from(hex, 'hex'), encodeFrame(FrameType.end, 1, 7).subarray(4)]);
}

function withByte(bytes: Buffer, offset: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[offset] = value;
  return changed;
}
