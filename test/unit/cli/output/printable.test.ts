import { expect, test } from 'vitest';
import { PrintableText, printableLine, replayedText } from '../../../../src/cli/output/printable.ts';

/** The same in any chunks. */
function printable(text: string, pieceBytes: number): string {
  const bytes = Buffer.from(text);
  const stream = new PrintableText();
  let result = '';
  for (let at = 0; at < bytes.length; at += pieceBytes)
    result += stream.push(bytes.subarray(at, at + pieceBytes));
  return result + stream.end();
}

test.each([1, 2, 3, 5, 1000])('guest output cannot control the terminal, in chunks of %i bytes', (size) => {
  const colours = '\u001b[31;1mred\u001b[0m\r\n';
  const title = '\u001b]0;title\u0007after\n';
  const reset = 'a\u001bcb\u0007\u0000\n';
  const cursor = '\u001b[6n\u001b[2Jx\n';
  expect(printable(colours + title + reset + cursor, size)).toBe('red\nafter\nab\nx\n');
  expect(printable('\u001b7\u001b[!p\u001b[32766;32766H\u001b[6nlogin\n', size)).toBe('login\n');
  expect(printable('10 %\r20 %\r\r\ndone\tgrün ✔\n\u009b31m', size)).toBe('10 %\n20 %\ndone\tgrün ✔\n');
});

test('an unfinished sequence is shown once it is complete, or at the end', () => {
  const stream = new PrintableText();
  expect(stream.push(Buffer.from('login: '))).toBe('login: ');
  expect(stream.push(Buffer.from('\u001b[3'))).toBe('');
  expect(stream.push(Buffer.from('2mgreen\r'))).toBe('green');
  expect(stream.end()).toBe('\n');
});

test('an endless sequence is not waited for', () => {
  const stream = new PrintableText();
  const text = 'x'.repeat(10_000);
  expect(stream.push(Buffer.from(`\u001b]0;${text}`)).endsWith(text)).toBe(true);
  expect(stream.push(Buffer.from('\u001b]0;title?\nlog in: '))).toMatch(/^[ -~]*\nlog in: $/);
});

test('a line stays one line', () => {
  expect(printableLine('a\r\u001b[1mb\nc')).toBe('abc');
});

test('replayed output keeps colours and what moves within a line, and nothing that a terminal answers', () => {
  const kept = '\u001b[1;31mred\u001b[m\r\n50 %\r60 %\b\b\tgrün …\n\u001b[38:5:1mx';
  expect(replayedText(Buffer.from(kept))).toBe(kept);
  const hostile = [
    ['\u001b[6n\u001b[c\u001b[?2004l\u009b6n', ''],
    ['\u001b]0;title\u0007a\u001b]0;\u001b[31mb\u0007', 'a]0;\u001b[31mb'],
    ['\u001b\u001b[31m[6n', '\u001b[31m[6n'],
    ['\u001b[\u001b[31m6n', '[\u001b[31m6n'],
    ['\u001bP+q\u001b\\\u0000\u0005', 'P+q\\'],
  ] as const;
  for (const [text, shown] of hostile) expect(replayedText(Buffer.from(text))).toBe(shown);
});
