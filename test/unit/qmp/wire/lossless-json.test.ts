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

test('the many digits of a fraction or an exponent are no integer', () => {
  expect(parseLossless('[-0.00009007199341796242,1.2345678901234567890e-1000000000000000000]')).toEqual([
    -0.00009007199341796242, 0,
  ]);
});

test('bigints are written as digits', () => {
  const text = stringifyLossless({ a: 2n ** 64n - 1n, b: [-1n], c: 'x' }, 'command');
  expect(text).toBe('{"a":18446744073709551615,"b":[-1],"c":"x"}');
  expect(formatLossless({ a: 2n ** 63n }, 2)).toBe('{\n  "a": 9223372036854775808\n}');
});

test('what QEMU could not read is refused by name', () => {
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
