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

describe('however the bytes are cut', () => {
  const compact = `${JSON.stringify(nasty)}\r\n`;
  const pretty = `${JSON.stringify(nasty, null, 4).replaceAll('\n', '\r\n')}\r\n`;
  const backToBack = JSON.stringify(nasty).repeat(2);
  const bytes = Buffer.from(compact + pretty + backToBack + compact);

  test('at every single place', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const { objects, garbage } = scan([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(objects).toEqual(Array(5).fill(nasty));
      expect(garbage).toEqual([]);
    }
  });

  test('into pieces of 1 to 7 bytes', () => {
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
    expect(garbage).toEqual(['not a JSON object: SSH-2.0 {\\"a\\":1}']);
  });

  test('inside braces is reported and passed over', () => {
    const { objects, garbage } = scan(['{nonsense}\n{"b":2}\n']);
    expect(objects).toEqual([{ b: 2 }]);
    expect(garbage).toHaveLength(1);
  });

  test('a string that is cut off does not swallow what follows', () => {
    const { objects, garbage } = scan(['{"cut": "of', 'f\r\n{"b":2}\r\n']);
    expect(objects).toEqual([{ b: 2 }]);
    expect(garbage).toEqual(['a string that does not end: {\\"cut\\": \\"of']);
  });

  test('control characters are made harmless', () => {
    expect(scan(['\u001b[2Jx\n']).garbage).toEqual(['not a JSON object: \\u001b[2Jx']);
  });

  test('arrays and literals are not messages', () => {
    expect(scan(['[{"a":1}]\n', 'null\n', '"text"\n', '{"b":2}\n'])).toMatchObject({
      objects: [{ b: 2 }],
      garbage: { length: 3 },
    });
  });

  test('bad UTF-8 becomes the replacement character', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n')]);
    expect(scan([bytes]).objects).toEqual([{ a: '\ufffd(' }]);
  });
});

describe('limits', () => {
  test('an object that is too long is garbage, complete or not', () => {
    const long = `{"a":"${'x'.repeat(100)}"}`;
    for (const chunks of [[`${long}\n`], [long], [long.slice(0, 90), long.slice(90)], long.split(/(?=.)/)]) {
      const { objects, garbage } = scan([...chunks, '\n{"b":2}\n'], { maxBytes: 80 });
      expect(objects).toEqual([{ b: 2 }]);
      expect(garbage).toHaveLength(1);
    }
  });

  test('so is one that is nested too deep', () => {
    const deep = '{"a":'.repeat(20) + '1' + '}'.repeat(20);
    expect(scan([deep, '\n{"b":2}\n'], { maxDepth: 10 })).toMatchObject({
      objects: [{ b: 2 }],
      garbage: { length: 1 },
    });
  });

  test('a megabyte of back-to-back objects takes no quadratic time', () => {
    const { objects } = scan(['{"a":1}'.repeat(150_000)]);
    expect(objects).toHaveLength(150_000);
  });
});
