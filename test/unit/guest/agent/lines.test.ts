import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { splitLines } from '../../../../src/guest/agent/output.ts';

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
    ['an unterminated line', ['abc'], ['abc']],
    ['lines across chunks', ['a', 'b\nc', '\n'], ['ab', 'c']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ['line ends of a terminal', ['a\r', '\nb\r\n'], ['a', 'b']],
  ])('splits %s', async (_, chunks, expected) => {
    expect(await lines(...chunks)).toEqual(expected);
  });

  test('keeps a character that is split between two chunks', async () => {
    const euro = Buffer.from('€\n');
    expect(await lines(euro.subarray(0, 1), euro.subarray(1))).toEqual(['€']);
  });

  test.each([
    ['only the last carriage return', ['a\r\r\n'], ['a\r']],
    ['a carriage return within a line', ['a\rb\n'], ['a\rb']],
    ['a carriage return at the end of the stream', ['a\r'], ['a']],
  ])('removes %s, or not', async (_, chunks, expected) => {
    expect(await lines(...chunks)).toEqual(expected);
  });

  test('shows the rest of a truncated character', async () => {
    expect(await lines(Buffer.from('€').subarray(0, 2))).toEqual(['\ufffd']);
  });

  test('returns a line of just under 1 Mi units whole, and cuts a longer one', async () => {
    const most = 1024 * 1024;
    expect(await lines('z'.repeat(most - 1), 'y\n')).toEqual([`${'z'.repeat(most - 1)}y`]);
    expect(await lines('z'.repeat(most), 'y\n')).toEqual(['z'.repeat(most), 'y']);
  });

  test('cuts an endless line', async () => {
    const pieces = await lines(...Array.from({ length: 5 }, () => 'z'.repeat(500_000)));
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('').length).toBe(2_500_000);
  });
});
