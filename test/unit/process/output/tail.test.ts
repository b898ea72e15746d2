import { describe, expect, it } from 'vitest';
import { Tail } from '../../../../src/process/output/tail.ts';

const pushed = (tail: Tail, ...chunks: string[]): string[] =>
  chunks.flatMap((chunk) => tail.push(Buffer.from(chunk)));

describe('the end of a stream', () => {
  it('contains the last lines, oldest first, up to the limit', () => {
    const tail = new Tail();
    pushed(tail, 'one\ntwo\nthree\n');
    expect(tail.last(0)).toEqual([]);
    expect(tail.last(2)).toEqual(['two', 'three']);
    expect(tail.last(9)).toEqual(['one', 'two', 'three']);
  });

  it('keeps as many lines as its limit, and returns each complete line', () => {
    const tail = new Tail({ lines: 3, lineLength: 10 });
    expect(pushed(tail, '1\n2\n3\n')).toEqual(['1', '2', '3']);
    expect(tail.last(10)).toEqual(['1', '2', '3']);
    expect(pushed(tail, '4\n5\n')).toEqual(['4', '5']);
    expect(tail.last(10)).toEqual(['3', '4', '5']);
    // Also if one chunk has more lines than it keeps.
    expect(pushed(tail, 'a\nb\nc\nd\ne\n')).toHaveLength(5);
    expect(tail.last(10)).toEqual(['c', 'd', 'e']);
  });

  it('keeps 200 lines by default, each of 4096 characters', () => {
    const tail = new Tail();
    pushed(tail, Array.from({ length: 201 }, (_, index) => `${index}\n`).join(''), `${'x'.repeat(5000)}\n`);
    expect(tail.last(1000)).toHaveLength(200);
    expect(tail.last(1000)[0]).toBe('2');
    expect(tail.last(1)).toEqual(['x'.repeat(4096)]);
  });

  it('cuts a line that is too long, whole or in chunks, and keeps what follows it', () => {
    const limits = { lines: 5, lineLength: 4 };
    const whole = new Tail(limits);
    expect(pushed(whole, 'abcdefgh\nij\n')).toEqual(['abcd', 'ij']);
    const pieces = new Tail(limits);
    expect(pushed(pieces, 'abc', 'def', 'gh')).toEqual([]);
    expect(pieces.unfinished).toBe('abcd');
    expect(pushed(pieces, '\nij\n')).toEqual(['abcd', 'ij']);
    expect(pieces.last(5)).toEqual(['abcd', 'ij']);
  });

  it('ends lines with or without carriage returns, and keeps those within a line', () => {
    expect(pushed(new Tail(), 'a\r\nb\r\r\nc\rd\n\n')).toEqual(['a', 'b', 'c\rd', '']);
  });

  it('ends with an unfinished line, if there is one', () => {
    const tail = new Tail();
    expect(tail.unfinished).toBe('');
    pushed(tail, 'done\nhalf');
    expect(tail.unfinished).toBe('half');
    expect(tail.last(5)).toEqual(['done', 'half']);
    expect(tail.last(1)).toEqual(['half']);
    expect(pushed(tail, ' and whole\n')).toEqual(['half and whole']);
    expect(tail.unfinished).toBe('');
    expect(tail.last(5)).toEqual(['done', 'half and whole']);
  });

  it('keeps a character that is split between two chunks', () => {
    const tail = new Tail();
    const euro = Buffer.from('€\n');
    expect([...tail.push(euro.subarray(0, 2)), ...tail.push(euro.subarray(2))]).toEqual(['€']);
  });
});
