import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonGrammar } from '../../../../src/qmp/wire/json-grammar.ts';

/** The offsets of the first rejected byte and of the object’s end. */
function read(text: string): { readonly refused?: number; readonly ended?: number } {
  const grammar = new JsonGrammar();
  for (const [at, byte] of Buffer.from(text).entries()) {
    if (!grammar.accept(byte)) return { refused: at };
    if (grammar.depth === 0) return { ended: at };
  }
  return {};
}

const values = {
  numbers: [
    '0',
    '-0',
    '7',
    '-12',
    '10',
    '0.5',
    '-0.05',
    '12.50',
    '1e5',
    '1E5',
    '0e0',
    '1e+5',
    '1e-05',
    '1.5e10',
    '18446744073709551615',
    '-1.7976931348623157e+308',
  ],
  literals: ['true', 'false', 'null'],
  strings: [String.raw`""`, String.raw`"\"\\\/\b\f\n\r\t"`, String.raw`"\u00ff\uABCD"`, '"ü€😀\u007f"'],
  containers: ['{}', '[]', '[1,[2,{}]]', '{"a":{"b":[]}}', ' { "a" : 1 , "b" : [ 1 , 2 ] } '],
};

describe.each(Object.entries(values))('%s', (_, list) => {
  test.each(list)('%s is accepted wherever a value may be', (value) => {
    for (const text of [
      `{"a":${value}}`,
      `{"a":[${value}]}`,
      `{"a": ${value}\t,"b":[0,${value} ,${value}\n]\r}`,
    ]) {
      expect(JSON.parse(text)).toBeDefined();
      expect(read(text)).toEqual({ ended: Buffer.byteLength(text) - 1 });
    }
  });
});

test.each([
  ['{"a":01', 6],
  ['{"a":-}', 6],
  ['{"a":1.}', 7],
  ['{"a":1e}', 7],
  ['{"a":1e+-', 8],
  ['{"a":1.2.', 8],
  ['{"a":1e2e', 8],
  ['{"a":0e1.', 8],
  [`{"a":${'7'.repeat(33)}`, 37],
  [`{"a":[1,-0.${'3'.repeat(30)}`, 40],
  ['{"a":tRue', 6],
  ['{"a":nulL', 8],
  ['{"a":true1', 9],
  ['{"a":"\u0000', 6],
  ['{"a":"\u001f', 6],
  ['{"a":"\\a', 7],
  ['{"a":"\\u12_', 10],
  ['{"a":"\\u123G', 11],
  ['{"a":"\\u1234\\q', 13],
  ['{"a" "', 5],
  ['{"a":1;', 6],
  ['{"a":1,}', 7],
  ['{"a":1]', 6],
  ['{"a":[1}', 7],
  ['{"a":[,', 6],
  ['{"a":[1,]', 8],
  ['{"a":[1:', 7],
  ['{,', 1],
  ['{1', 1],
])('%j is rejected at byte %s', (text, at) => {
  expect(read(text)).toEqual({ refused: at });
});

test('depth counts open brackets', () => {
  const grammar = new JsonGrammar();
  const depths = [...Buffer.from('{"a":[{},[1]]}')].map((byte) => {
    grammar.accept(byte);
    return grammar.depth;
  });
  expect(depths).toEqual([1, 1, 1, 1, 1, 2, 3, 2, 2, 3, 3, 2, 1, 0]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('starts again after a reset and after an object', () => {
  const grammar = new JsonGrammar();
  const accept = (text: string): boolean[] => [...Buffer.from(text)].map((byte) => grammar.accept(byte));
  for (const text of ['{"a":[1', '{"a":"x', '{"a":tr', '{"a":1}']) {
    expect(accept(text)).not.toContain(false);
    grammar.reset();
    expect(grammar.depth).toBe(0);
    expect(grammar.inString).toBe(false);
    expect(accept('{"b":[]}{"c":""}')).not.toContain(false);
  }
});

test('accepts what JSON.parse accepts, and every prefix of it', () => {
  const parts = [
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    'u',
    '0',
    '1',
    '9',
    'a',
    'F',
    '.',
    '-',
    '+',
    'e',
    'E',
    ',',
    ':',
    ' ',
    '\n',
    'true',
    'null',
    '"a":',
    '\u0001',
    'ü',
  ];
  const text = fc.oneof(
    fc.array(fc.constantFrom(...parts), { maxLength: 20 }).map((list) => `{"a":${list.join('')}}`),
    fc.tuple(fc.json(), fc.nat(), fc.constantFrom(...parts)).map(([json, at, part]) => {
      const whole = `{"a":${json}}`;
      const cut = 1 + (at % (whole.length - 1));
      return whole.slice(0, cut) + part + whole.slice(cut + 1);
    }),
    fc.json().map((json) => `{"a":${json}}`),
  );
  fc.assert(
    fc.property(text, (json) => {
      const { refused, ended } = read(json);
      const end = Buffer.byteLength(json) - 1;
      if (isJson(json)) expect({ refused, ended }).toEqual({ ended: end });
      else expect(ended).not.toBe(end);
      if (ended !== undefined)
        expect(
          isJson(
            Buffer.from(json)
              .subarray(0, ended + 1)
              .toString(),
          ),
        ).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
