import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { splitLines } from '../../../../src/guest/agent/lines.ts';

async function lines(...chunks: (string | Buffer)[]): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of splitLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) {
    collected.push(line);
  }
  return collected;
}

describe('splitLines', () => {
  test.each([
    ['nothing', [], []],
    ['a line without its end', ['abc'], ['abc']],
    ['lines over chunks', ['a', 'b\nc', '\n'], ['ab', 'c']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ["a terminal's line ends", ['a\r', '\nb\r\n'], ['a', 'b']],
  ])('splits %s', async (_, chunks, expected) => {
    expect(await lines(...chunks)).toEqual(expected);
  });

  test('keeps a character whole that two chunks share', async () => {
    const euro = Buffer.from('€\n');
    expect(await lines(euro.subarray(0, 1), euro.subarray(1))).toEqual(['€']);
  });

  test('cuts a line that has no end', async () => {
    const pieces = await lines(...Array.from({ length: 5 }, () => 'z'.repeat(500_000)));
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('').length).toBe(2_500_000);
  });
});
