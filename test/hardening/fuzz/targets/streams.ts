import fc from 'fast-check';
import { formatLossless, parseLossless, stringifyLossless } from '../../../../src/qmp/wire/lossless-json.ts';
import { JsonObjectScanner } from '../../../../src/qmp/wire/framing.ts';
import { readMessage } from '../../../../src/qmp/wire/message.ts';
import type { JsonObject } from '../../../../src/qmp/wire/lossless-json.ts';
import { EventLog } from '../../../../src/machine/life/event-log.ts';
import { readFields, fieldText } from '../../../../src/guest/agent/fields.ts';
import {
  FrameDecoder,
  FrameFinder,
  FrameType,
  GarbageError,
  PAYLOAD_MAX,
  encodeFrame,
} from '../../../../src/guest/agent/agent-frame.ts';
import type { Frame } from '../../../../src/guest/agent/agent-frame.ts';
import { decodeHello } from '../../../../src/guest/agent/greeting.ts';
import { mutatedBytes } from '../mutate.ts';
import { bytesTarget, jsonTarget, must, same } from '../target.ts';

/** The boundaries of the chunks, as shares of the stream’s length. */
function cutInPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other);
  return [...places, bytes.length].map((end, index) => bytes.subarray(places[index - 1] ?? 0, end));
}

/** The boundaries are derived from the bytes, so that a corpus file determines them too. */
function pieces(bytes: Buffer): Buffer[] {
  const [first = 0, second = 0, third = 0] = bytes;
  return cutInPieces(bytes, [first * 7, second * 31 + 1, third * 3 + 2, (bytes.length / 2) | 0]);
}

const QMP = [
  '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 1, "major": 10}, "package": ""}, "capabilities": ["oob"]}}\r\n',
  '{"return": {"size": 18446744073709551615, "name": "\\ud83d\\ude00\\u0000"}, "id": 3}\r\n',
  '{"timestamp": {"seconds": -1, "microseconds": 5}, "event": "STOP", "data": {"a": [1.5e3, {}]}}\r\n',
  '{"error": {"class": "GenericError", "desc": "no"}, "id": 1}\r\n{"return": {}}\r\n',
  '{\n  "return": [\n    {"x": -9223372036854775808}\n  ]\n}\n',
];

interface Scanned {
  readonly objects: JsonObject[];
  garbage: number;
}

function scan(chunks: readonly Buffer[]): Scanned {
  const found: Scanned = { objects: [], garbage: 0 };
  const scanner = new JsonObjectScanner(
    {
      object: (value) => found.objects.push(value),
      garbage: (_, excerpt) => {
        must(!/[\u0000-\u001f]/.test(excerpt) && excerpt.length < 1000, `an excerpt such as ${excerpt}`);
        found.garbage += 1;
      },
    },
    { maxDepth: 40 },
  );
  for (const chunk of chunks) scanner.push(chunk);
  return found;
}

export const qmpFramingTarget = bytesTarget({
  name: 'qmp-framing',
  what: "QMP: objects in a monitor's bytes, however cut",
  expected: ['objects', 'garbage', 'nothing'],
  arbitrary: fc.oneof(
    mutatedBytes(
      [QMP.join(''), ...QMP].map((text) => Buffer.from(text)),
      ['{', '}', '"', '\\', '\n', '[', '9'.repeat(17), '\ufeff', '{"a":', '{"__proto__": {"polluted": 1}}\n'],
    ),
    fc
      .array(fc.constantFrom('{', '}', '"', '\\"', '[', ']', ':', ',', '1', ' ', '\n', '\r\n', 'a', '{}'), {
        maxLength: 60,
      })
      .map((parts) => Buffer.from(parts.join(''))),
  ),
  check(bytes) {
    const whole = scan([bytes]);
    same(scan(pieces(bytes)), whole, 'cut otherwise, other objects come out');
    same(scan(Array.from(bytes, (byte) => Buffer.of(byte))), whole, 'byte by byte, other objects come out');
    for (const object of whole.objects) {
      readMessage(object);
      // 1e999 is a number in JSON, but JavaScript cannot write it.
      if (fc.stringify(object).includes('INFINITY')) continue;
      same(parseLossless(formatLossless(object)), asJsonHas(object), 'what was printed is read otherwise');
    }
    // An object on its own line is found once that line begins, whatever came before.
    const after = scan([bytes, Buffer.from('"}\n}\n\n{"after": 1}\n{"after": 2}\n')]);
    const isClosed =
      whole.garbage === 0 && whole.objects.length > 0 && /[\r\n]$/.test(bytes.toString('latin1'));
    if (isClosed)
      must(
        after.objects.some((object) => object['after'] === 2),
        'what follows is not heard',
      );
    must(!('polluted' in {}), 'the prototype of objects was changed');
    return whole.objects.length > 0 ? 'objects' : whole.garbage > 0 ? 'garbage' : 'nothing';
  },
});

const scalar = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"', '\\', '\\"12345678901234567', '1234567890123456789', 'null', '\\ud800', '\u2028'),
  fc.boolean(),
  fc.constant(null),
);
const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', '9007199254740993', 'a')),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

/** The value that JSON returns: bigints that a number can hold are numbers, and so is minus zero. */
function asJsonHas(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Object.is(value, -0)) return 0;
  // Digits without a point are an integer to both implementations.
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    Math.abs(value) < 1e21
  ) {
    return BigInt(JSON.stringify(value));
  }
  if (Array.isArray(value)) return value.map(asJsonHas);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    Object.defineProperty(copy, name, {
      value: asJsonHas(part),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}

export const losslessTarget = {
  ...jsonTarget<unknown>({
    name: 'lossless-json',
    what: 'lossless JSON: values written and read back',
    expected: ['same'],
    arbitrary: tree,
    check(value) {
      const expected = asJsonHas(value);
      same(parseLossless(formatLossless(value)), expected, 'lost in printing');
      same(parseLossless(stringifyLossless({ value }, 'test')), { value: expected }, 'lost in a request');
      same(parseLossless(formatLossless(value, 2)), expected, 'lost in printing over several lines');
      return 'same';
    },
  }),
  encode: (value: unknown) => Buffer.from(`${formatLossless(value)}\n`),
  decode: (file: Buffer) => parseLossless(file.toString('utf8')),
};

function field(tag: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt8(tag);
  head.writeUIntLE(value.length, 1, 3);
  return Buffer.concat([head, value]);
}

const FRAMES = [
  encodeFrame(
    FrameType.hello,
    0,
    0,
    Buffer.concat([Buffer.alloc(8, 7), Buffer.from([1, 0, 1, 0, 1, 0, 0, 2]), Buffer.alloc(8)]),
  ),
  encodeFrame(FrameType.data, 1, 3, Buffer.from('output')),
  encodeFrame(FrameType.data, 2, 0xffffffff, Buffer.alloc(PAYLOAD_MAX, 'x')),
  encodeFrame(
    FrameType.failed,
    0,
    2,
    Buffer.concat([
      field(24, Buffer.of(5)),
      field(23, Buffer.from([2, 0, 0, 0])),
      field(25, Buffer.from('x\0')),
    ]),
  ),
  encodeFrame(FrameType.exit, 0, 1, Buffer.from([0, 9])),
  encodeFrame(FrameType.end, 1, 1),
];
const STREAM = Buffer.concat([
  Buffer.alloc(50),
  ...FRAMES.filter((_, index) => index !== 2),
  Buffer.alloc(7),
]);

function decode(chunks: readonly Buffer[]): { frames: string[]; garbage: boolean } {
  const decoder = new FrameDecoder();
  const frames: string[] = [];
  try {
    for (const chunk of chunks) for (const frame of decoder.push(chunk)) frames.push(lookAt(frame));
  } catch (error) {
    if (!(error instanceof GarbageError)) throw error;
    return { frames, garbage: true };
  }
  return { frames, garbage: false };
}

function lookAt(frame: Frame): string {
  must(frame.payload.length <= PAYLOAD_MAX, `a payload of ${frame.payload.length}`);
  decodeHello(frame);
  for (const value of readFields(frame.payload)?.values() ?? []) fieldText(value);
  return encodeFrame(frame.type, frame.flag, frame.channel, frame.payload).toString('base64');
}

export const frameTarget = bytesTarget({
  name: 'agent-frames',
  what: "the agent's frames, at the host's end",
  expected: ['frames', 'garbage', 'nothing'],
  arbitrary: mutatedBytes(
    [STREAM, ...FRAMES],
    [
      ...FRAMES.filter(({ length }) => length < 100),
      'VML\xf7',
      Buffer.alloc(20),
      Buffer.from('564d4cf7', 'hex'),
    ],
  ),
  check(bytes) {
    const whole = decode([bytes]);
    same(decode(pieces(bytes)), whole, 'cut otherwise, other frames come out');
    const printed = decode(whole.frames.map((text) => Buffer.from(text, 'base64')));
    same(printed, { frames: whole.frames, garbage: false }, 'what was printed is read otherwise');
    // The host’s own greeting is found after any bytes left on the port.
    const finder = new FrameFinder(FrameType.open);
    let found = finder.find(Buffer.concat([bytes, Buffer.alloc(PAYLOAD_MAX + 16)]));
    const own = encodeFrame(FrameType.open, 0, 0, Buffer.from('a nonce of its own'));
    for (found = found ?? finder.find(own); found && !found.payload.equals(own.subarray(16));)
      found = finder.find(own);
    must(found !== undefined, 'the greeting is not found');
    return whole.frames.length > 0 ? 'frames' : whole.garbage ? 'garbage' : 'nothing';
  },
});

export const eventLogTarget = bytesTarget({
  name: 'event-log',
  what: "the keeper's log of events, damaged",
  expected: ['events', 'nothing'],
  arbitrary: mutatedBytes(
    [Buffer.from(QMP[2]?.repeat(3) ?? ''), Buffer.from(QMP.join(''))],
    ['\n', '{"event":', '__proto__', '}', '9'.repeat(20)],
  ),
  async check(bytes) {
    const read = async (chunks: readonly Buffer[]) => {
      const log = new EventLog(chunks);
      const events: unknown[] = [];
      for await (const event of log) events.push(event);
      return { events, skipped: log.skipped };
    };
    const whole = await read([bytes]);
    same(await read(pieces(bytes)), whole, 'cut otherwise, other events come out');
    const lines = bytes
      .toString('latin1')
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '');
    same(
      whole.events.length + whole.skipped,
      lines.length,
      'lines that are neither events nor counted as skipped',
    );
    return whole.events.length > 0 ? 'events' : 'nothing';
  },
});
