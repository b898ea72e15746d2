import { describe, expect, test } from 'vitest';
import { type FrameLimits, JsonObjectScanner } from '../../../../src/qmp/wire/framing.ts';

function scan(chunks: readonly (string | Buffer)[], limits?: Partial<FrameLimits>) {
  const objects: unknown[] = [];
  const garbage: string[] = [];
  const scanner = new JsonObjectScanner(
    {
      object: (value) => objects.push(value),
      garbage: (problem, excerpt) => garbage.push(`${problem}: ${excerpt}`),
    },
    limits,
  );
  for (const chunk of chunks) scanner.push(Buffer.from(chunk));
  return { objects, garbage };
}

const nasty = { text: 'ü€😀 "quoted" {[\\', nested: { list: [{}, { a: '}' }], empty: '' }, number: -1.5e3 };

describe('a stream in chunks', () => {
  const compact = `${JSON.stringify(nasty)}\r\n`;
  const pretty = `${JSON.stringify(nasty, null, 4).replaceAll('\n', '\r\n')}\r\n`;
  const backToBack = JSON.stringify(nasty).repeat(2);
  const bytes = Buffer.from(compact + pretty + backToBack + compact);

  test('is parsed when split at any byte', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const { objects, garbage } = scan([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(objects).toEqual(Array(5).fill(nasty));
      expect(garbage).toEqual([]);
    }
  });

  test('is parsed in chunks of 1 to 7 bytes', () => {
    for (let size = 1; size <= 7; size++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      expect(scan(pieces).objects).toEqual(Array(5).fill(nasty));
    }
  });
});

describe('garbage', () => {
  test('is reported once and ends with its line', () => {
    const { objects, garbage } = scan(['SSH-2.0 {"a":1} ', 'more\r\n{"b":2}\r\n']);
    expect(objects).toEqual([{ b: 2 }]);
    expect(garbage).toEqual(['data that is not a JSON object: SSH-2.0 {\\"a\\":1}']);
  });

  test('inside braces is reported and skipped', () => {
    const { objects, garbage } = scan(['{nonsense}\n{"b":2}\n']);
    expect(objects).toEqual([{ b: 2 }]);
    expect(garbage).toHaveLength(1);
  });

  test('does not swallow the text after a truncated string', () => {
    const { objects, garbage } = scan(['{"cut": "of', 'f\r\n{"b":2}\r\n']);
    expect(objects).toEqual([{ b: 2 }]);
    expect(garbage).toEqual(['an unterminated string: {\\"cut\\": \\"of']);
  });

  test('is reported with escaped control characters', () => {
    expect(scan(['\u001b[2Jx\n']).garbage).toEqual(['data that is not a JSON object: \\u001b[2Jx']);
  });

  test('includes arrays and literals', () => {
    expect(scan(['[{"a":1}]\n', 'null\n', '"text"\n', '{"b":2}\n'])).toMatchObject({
      objects: [{ b: 2 }],
      garbage: { length: 3 },
    });
  });

  test('in UTF-8 becomes the replacement character', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n')]);
    expect(scan([bytes]).objects).toEqual([{ a: '\ufffd(' }]);
  });
});

describe('the excerpt of garbage', () => {
  test('contains the first 80 bytes, and marks more', () => {
    expect(scan([`${'x'.repeat(80)}\n`]).garbage).toEqual([
      `data that is not a JSON object: ${'x'.repeat(80)}…`,
    ]);
    expect(scan([`${'x'.repeat(79)}\n`]).garbage).toEqual([
      `data that is not a JSON object: ${'x'.repeat(79)}`,
    ]);
    expect(scan(['x'.repeat(200)]).garbage).toEqual([`data that is not a JSON object: ${'x'.repeat(80)}…`]);
  });

  test('starts at the garbage, counted from the object’s first byte', () => {
    expect(scan(['{"a":}\n']).garbage).toEqual(['invalid JSON at byte 6: {\\"a\\":}']);
    expect(scan(['  {"a":}\n']).garbage).toEqual(['invalid JSON at byte 6: {\\"a\\":}']);
    expect(scan(['  {"a"', ':[1', ',]}\n']).garbage).toEqual(['invalid JSON at byte 9: {\\"a\\"']);
  });

  test('distinguishes garbage from a string that was cut off', () => {
    const problems = ['{"a":"\n', '{"a":"\r', '{"a":"\t', '{"a":1e\n', '{"a":1e\r'].map(
      (text) => scan([text]).garbage[0],
    );
    expect(problems.map((problem) => problem?.replace(/: .*/, ''))).toEqual([
      'an unterminated string',
      'an unterminated string',
      'invalid JSON at byte 7',
      'invalid JSON at byte 8',
      'invalid JSON at byte 8',
    ]);
  });

  test('starts with the object, in an earlier chunk', () => {
    expect(scan(['  {"a": "b', 'c\n']).garbage).toEqual(['an unterminated string: {\\"a\\": \\"b']);
  });
});

describe('between objects', () => {
  test.each([' ', '\t', '\r', '\n', ' \t\r\n '])('%j is skipped', (space) => {
    const { objects, garbage } = scan([`${space}{"a":1}${space}{"b":2}${space}`]);
    expect([objects, garbage]).toEqual([[{ a: 1 }, { b: 2 }], []]);
  });

  test('two lines in one chunk are both parsed', () => {
    expect(scan(['{"a":1}\n{"b":2}\r\n{"c":3}']).objects).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  });

  test('garbage between objects is reported, up to the end of its line', () => {
    const { objects, garbage } = scan(['{"a":1} x {"b":2}\n{"c":3}\n']);
    expect(objects).toEqual([{ a: 1 }, { c: 3 }]);
    expect(garbage).toEqual(['data that is not a JSON object: x {\\"b\\":2}\\n{\\"c\\":3}']);
  });
});

describe('in a string', () => {
  test.each([
    ['a brace', { a: '}{' }],
    ['a quote', { a: 'x"y' }],
    ['a backslash at its end', { a: 'x\\' }],
    ['an escaped quote after a backslash', { a: '\\"' }],
  ])('%s is not structure', (_, value) => {
    const text = JSON.stringify(value);
    for (let at = 0; at <= text.length; at++) {
      expect(scan([text.slice(0, at), `${text.slice(at)} {"b":2}`]).objects).toEqual([value, { b: 2 }]);
    }
  });
});

test('the sink gets the size of each object in bytes', () => {
  const sizes: number[] = [];
  const scanner = new JsonObjectScanner({
    object: (_, bytes) => sizes.push(bytes),
    garbage: () => undefined,
  });
  for (const chunk of ['  {"a":"ü"} {}\n', ' {"b"', ':1} ']) scanner.push(Buffer.from(chunk));
  expect(sizes).toEqual([10, 2, 7]);
});

test('an empty string may begin an object, and the next', () => {
  expect(scan(['{"":1} {"":2}']).objects).toEqual([{ '': 1 }, { '': 2 }]);
});

test('a reset discards an unfinished object at any position', () => {
  for (const beginning of ['{"a":', '{"a":"x', '{"a":"x\\', 'garbage ', '{"a":{"b":']) {
    const objects: unknown[] = [];
    const scanner = new JsonObjectScanner({
      object: (value) => objects.push(value),
      garbage: () => undefined,
    });
    scanner.push(Buffer.from(beginning));
    scanner.reset();
    scanner.push(Buffer.from('{"b":2}'));
    expect(objects).toEqual([{ b: 2 }]);
  }
});

describe('limits', () => {
  test('an object beyond the limit is garbage, complete or not', () => {
    const long = `{"a":"${'x'.repeat(100)}"}`;
    for (const chunks of [[`${long}\n`], [long], [long.slice(0, 90), long.slice(90)], long.split(/(?=.)/)]) {
      const { objects, garbage } = scan([...chunks, '\n{"b":2}\n'], { maxBytes: 80 });
      expect(objects).toEqual([{ b: 2 }]);
      expect(garbage).toHaveLength(1);
    }
  });

  test.each([
    ['on a line', ['\n']],
    ['alone', ['']],
    ['in chunks', null],
  ])('an object can be as long as the limit, and no longer: %s', (_, ending) => {
    const object = `{"a":"${'x'.repeat(72)}"}`;
    const chunks = ending ? [`${object}${ending[0] ?? ''}`] : [object.slice(0, 40), object.slice(40)];
    expect(object).toHaveLength(80);
    expect(scan(chunks, { maxBytes: 80 }).objects).toHaveLength(1);
    const { objects, garbage } = scan([...chunks, '\n'], { maxBytes: 79 });
    expect([objects, garbage.length]).toEqual([[], 1]);
    expect(garbage[0]).toMatch(/^an object that is too long: /);
  });

  test('text before an object is not counted', () => {
    const [object, space] = [`{"a":"${'x'.repeat(12)}"}`, ' '.repeat(20)];
    expect(object).toHaveLength(20);
    for (const pieces of [[7], [7, 13]]) {
      const cuts = [0, ...pieces, object.length];
      const chunks = cuts.slice(1).map((end, index) => object.slice(cuts[index], end));
      chunks[0] = `${space}${chunks[0] ?? ''}`;
      expect(scan(chunks, { maxBytes: 20 })).toEqual({ objects: [{ a: 'x'.repeat(12) }], garbage: [] });
    }
  });

  test('an object is dropped when it gets too long, not at its end', () => {
    expect(scan(['{"a":"', 'x'.repeat(80)], { maxBytes: 80 }).garbage).toEqual([
      'an object that is too long: {\\"a\\":\\"',
    ]);
    expect(scan(['{"a":"', 'x'.repeat(74)], { maxBytes: 80 }).garbage).toEqual([]);
  });

  test('nesting up to the limit is accepted', () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)} `;
    expect(scan([nested(10)], { maxDepth: 10 })).toMatchObject({ objects: { length: 1 }, garbage: [] });
    expect(scan([nested(11)], { maxDepth: 10 }).garbage[0]).toMatch(/^an object that is nested too deeply: /);
    expect(scan([nested(1024)]).objects).toHaveLength(1);
    expect(scan([nested(1025)]).garbage).toHaveLength(1);
  });

  test('nesting beyond the limit is rejected', () => {
    const deep = '{"a":'.repeat(20) + '1' + '}'.repeat(20);
    expect(scan([deep, '\n{"b":2}\n'], { maxDepth: 10 })).toMatchObject({
      objects: [{ b: 2 }],
      garbage: { length: 1 },
    });
  });

  test('a megabyte of consecutive objects takes linear time', () => {
    const { objects } = scan(['{"a":1}'.repeat(150_000)]);
    expect(objects).toHaveLength(150_000);
  });
});
