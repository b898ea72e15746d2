import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { formatLossless, parseLossless, stringifyLossless } from '../../../../src/qmp/wire/lossless-json.ts';

test('integers that a number cannot hold are bigint, all others numbers', () => {
  expect(
    parseLossless(
      '{"max":18446744073709551615,"min":-9223372036854775808,"safe":9007199254740991,"beyond":9007199254740993,' +
        '"zero":0,"text":"18446744073709551615","escaped":"\\"18446744073709551615\\\\","float":12345678901234567.5,"e":1e300}',
    ),
  ).toEqual({
    max: 18446744073709551615n,
    min: -9223372036854775808n,
    safe: 9007199254740991,
    beyond: 9007199254740993n,
    zero: 0,
    text: '18446744073709551615',
    escaped: '"18446744073709551615\\',
    float: 12345678901234567.5,
    e: 1e300,
  });
});

test('a fraction or exponent with many digits is not an integer', () => {
  expect(parseLossless('[-0.00009007199341796242,1.2345678901234567890e-1000000000000000000]')).toEqual([
    -0.00009007199341796242, 0,
  ]);
});

test('bigints are written as digits', () => {
  const text = stringifyLossless({ a: 2n ** 64n - 1n, b: [-1n], c: 'x' }, 'command');
  expect(text).toBe('{"a":18446744073709551615,"b":[-1],"c":"x"}');
  expect(formatLossless({ a: 2n ** 63n }, 2)).toBe('{\n  "a": 9223372036854775808\n}');
});

test('a value that QEMU could not read is rejected, and named', () => {
  for (const value of ['\ud800', 'a\udc00b', NaN, Infinity, 2n ** 64n, -(2n ** 63n) - 1n]) {
    expect(() => stringifyLossless({ outer: [{ inner: value }] }, 'command')).toThrow(InvalidInputError);
    expect(() => stringifyLossless({ outer: [{ inner: value }] }, 'command')).toThrow(
      'command.outer.0.inner',
    );
  }
  expect(() => stringifyLossless({ '\ud800': 1 }, 'command')).toThrow(InvalidInputError);
});

test('text that only looks suspicious passes', () => {
  const value = { a: '\\ud800', b: 'null', c: null, d: '😀' };
  expect(JSON.parse(stringifyLossless(value, 'command'))).toEqual(value);
});

test('text with long integers is read without loss', () => {
  const texts = '"9007199254740993" "\\\\" "\\"9007199254740993" ""'.split(' ');
  for (const text of texts) {
    expect(parseLossless(`[${text},9007199254740993]`)).toEqual([JSON.parse(text), 9007199254740993n]);
  }
});

test.each([
  ['9007199254740991', 9007199254740991],
  ['-9007199254740991', -9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['-9007199254740992', -9007199254740992n],
  ['1234567890123456', 1234567890123456],
])('%s on its own is %s', (text, value) => {
  expect(parseLossless(text)).toBe(value);
  expect(parseLossless(`{"a":${text}}`)).toEqual({ a: value });
});

test('strings of megabytes are read beside long integers', () => {
  const text = '\\u0031"\\'.repeat(4_000_000);
  expect(parseLossless(`[${JSON.stringify(text)},9007199254740993]`)).toEqual([text, 9007199254740993n]);
});

test.each(['', '{', '[9007199254740993', '9007199254740993x'])('%j is not JSON', (text) => {
  expect(() => parseLossless(text)).toThrow(SyntaxError);
});

test('an error states the problem and its place', () => {
  const refuse = (value: unknown) => () => stringifyLossless({ a: { b: value } }, 'command');
  expect(refuse('\ud800')).toThrow('command.a.b: contains an unpaired surrogate');
  expect(refuse(NaN)).toThrow('command.a.b: JSON cannot represent NaN');
  expect(refuse(-Infinity)).toThrow('command.a.b: JSON cannot represent -Infinity');
  expect(refuse(2n ** 64n)).toThrow('command.a.b: 18446744073709551616 does not fit into 64 bits');
  expect(refuse({ 'x\udc00': 1 })).toThrow('command.a.b: contains a key that is not valid Unicode');
});

test('the minimum and maximum of 64 bits are accepted', () => {
  expect(stringifyLossless({ a: -(2n ** 63n), b: 2n ** 64n - 1n, c: 0n }, 'command')).toBe(
    '{"a":-9223372036854775808,"b":18446744073709551615,"c":0}',
  );
});

test('bigints are checked beside rejected text and null', () => {
  expect(() => stringifyLossless({ a: 1n, b: '\ud800' }, 'command')).toThrow('command.b: ');
  expect(stringifyLossless({ a: 1n, b: null, c: undefined }, 'command')).toBe('{"a":1,"b":null}');
  // A number may be larger than 64 bits hold.
  expect(stringifyLossless({ a: 1n, b: 1e300 }, 'command')).toBe('{"a":1,"b":1e+300}');
});

test('text that looks like digits stays text', () => {
  expect(stringifyLossless({ a: '12', b: 12n }, 'command')).toBe('{"a":"12","b":12}');
  expect(formatLossless({ a: '12', b: [-12n] })).toBe('{"a":"12","b":[-12]}');
});

test('a value that JSON cannot represent is rejected by name', () => {
  const refuse = (value: unknown) => () => stringifyLossless(value as never, 'command');
  const asked = 'command: the arguments contain a function at callback, which JSON cannot represent';
  expect(refuse({ callback: () => undefined })).toThrow(asked);
  expect(refuse({ list: [{ callback: () => undefined }] })).toThrow(asked);
  expect(refuse({ key: Symbol('x') })).toThrow(
    'command: the arguments contain a symbol at key, which JSON cannot represent',
  );
  expect(refuse(() => undefined)).toThrow(
    'command: the arguments contain a function, which JSON cannot represent',
  );
  const cycle: Record<string, unknown> = {};
  cycle['itself'] = cycle;
  expect(refuse(cycle)).toThrow('command: the arguments cannot be converted to JSON');
  expect(refuse(cycle)).toThrow(expect.objectContaining({ cause: expect.any(TypeError) as TypeError }));
});

test('arguments are an object', () => {
  for (const value of [[], 5, 'text', null, undefined, new Date(0), true, { toJSON: () => undefined }]) {
    expect(() => stringifyLossless(value as never, 'command')).toThrow(
      expect.objectContaining({
        code: 'VMLET_INVALID_INPUT',
        message: 'command: the arguments must be an object',
        hint: 'pass arguments by name, as in { device: "disk0" }',
      }),
    );
  }
  expect(stringifyLossless({}, 'command')).toBe('{}');
});

test('an error that an argument throws is not mistaken for a cycle', () => {
  const error = new RangeError('its own');
  const value = {
    toJSON: () => {
      throw error;
    },
  };
  expect(() => stringifyLossless(value, 'command')).toThrow(error);
});
