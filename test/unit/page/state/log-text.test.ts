import { expect, test } from 'vitest';
import { PrintableText } from '../../../../src/cli/output/printable.ts';
import { LogText } from '../../../../page/state/log-text.ts';

test.each([
  ['10 %\r20 %\r30 %\r\ndone\r\n', ['10 %', '20 %', '30 %', 'done']],
  ['a\r\r\nb\n\nc', ['a', 'b', '', 'c']],
  ['\x1b[31mred\x1b[0m\r\x1b[Kend\x07\r', ['red', 'end']],
  ['', []],
])('the lines of %j are those of the command, in whatever pieces they come', (text, lines) => {
  for (let size = 1; size <= Math.max(1, text.length); size++) {
    const log = new LogText();
    for (let at = 0; at < text.length; at += size) log.push(text.slice(at, at + size));
    expect({ size, lines: log.lines }).toEqual({ size, lines });
  }
  const printable = new PrintableText();
  const printed = printable.push(Buffer.from(text)) + printable.end();
  expect(printed.split('\n').slice(0, lines.length)).toEqual(lines);
});
