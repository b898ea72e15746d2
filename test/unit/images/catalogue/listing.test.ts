import { expect, it } from 'vitest';
import { decoded, linesOf, linkedNamesOf } from '../../../../src/images/catalogue/listing.ts';

it('returns the non-empty lines', () => {
  expect(linesOf('./a\n\n./b\r\n./c')).toEqual(['./a', './b', './c']);
  expect(linesOf('')).toEqual([]);
});

it.each([
  ['of nginx', '<a href="disk-1.qcow2">disk-1.qc..&gt;</a>   01-Oct-2026 10:11    5', ['disk-1.qcow2']],
  ['of Apache', '<tr><td><a href="disk.img">disk.img</a></td></tr>', ['disk.img']],
  ['with other attributes', '<a class="x" title=\'y\' href=\'disk.img\' rel="z">', ['disk.img']],
  ['in capitals, with spaces', '<A HREF = "disk.img">', ['disk.img']],
  ['on several lines', '<a\n  href="disk.img"\n>', ['disk.img']],
  ['with a dot and a slash', '<a href="./disk.img">', ['disk.img']],
  ['percent-encoded', '<a href="disk%2B1.img">', ['disk+1.img']],
  ['badly percent-encoded', '<a href="disk%zz.img">', ['disk%zz.img']],
  ['with an ampersand', '<a href="a&amp;b.img">', ['a&b.img']],
  [
    'that lead elsewhere',
    '<a href="../"><a href="/x.img"><a href="https://x/y.img"><a href="?C=M"><a href="#a">',
    [],
  ],
  ['in another element', '<abbr href="x.img"><link href="y.img">', []],
])('returns the links of a page %s', (_, page, names) => {
  expect(linkedNamesOf(page)).toEqual(names);
});

it('decodes encoded text only', () => {
  expect(decoded('a%20b')).toBe('a b');
  expect(decoded('100%')).toBe('100%');
});
