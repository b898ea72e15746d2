import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SectionResult } from '../../hardening/report/results.ts';
import { countsTable, sectionsInTable, withCounts } from '../../hardening/report/table.ts';

const root = join(import.meta.dirname, '../../..');
const result: SectionResult = {
  title: 'doors',
  host: 'Linux 6',
  commit: 'abc1234',
  at: '2026-01-02T03:04:05.000Z',
  scale: 1,
  seed: 1,
  seconds: 2,
  counts: [{ what: 'locked | closed', tried: 3, held: 2, note: 'one was\nopen' }],
  faults: ['the back door is open'],
};

it('shows each count, failures, and where it was counted', () => {
  expect(countsTable(new Map([['doors', result]]))).toBe(
    [
      '| section | what | tried | held | note |',
      '| --- | --- | --: | --: | --- |',
      '| doors | locked \\| closed | 3 | **2** | one was open |',
      '',
      'Failures:',
      '',
      '- doors: the back door is open',
      '',
      '- Counted on 2026-01-02, commit abc1234: Linux 6: doors.',
    ].join('\n'),
  );
});

it('shows for each host and day what was counted, completely or in part', () => {
  const table = countsTable(
    new Map([
      ['doors', result],
      ['windows', { ...result, host: 'Linux 7', scale: 0.1 }],
    ]),
  );
  expect(table).toContain('| windows | locked \\| closed | 3 | **2** | one was open; at scale 0.1 |');
  expect(table).toContain('- Counted on 2026-01-02, commit abc1234: Linux 6: doors.');
  expect(table).toContain('- Counted on 2026-01-02, commit abc1234: Linux 7: windows.');
});

it('replaces only the text between the markers', () => {
  const results = new Map([['doors', result]]);
  const document = 'before\n<!-- hardening: start -->\nold\n<!-- hardening: end -->\nafter\n';
  const once = withCounts(document, results, ['doors']);
  expect(once).toBe(
    `before\n<!-- hardening: start -->\n\n${countsTable(results)}\n\n<!-- hardening: end -->\nafter\n`,
  );
  expect(withCounts(once, results, ['doors'])).toBe(once);
  expect(() => withCounts('no markers', results, ['doors'])).toThrow('expected <!-- hardening: start -->');
});

it('keeps rows that were not counted again', () => {
  const windows = { ...result, faults: [], scale: 0.1 };
  const both = new Map([
    ['doors', result],
    ['windows', windows],
  ]);
  const document = withCounts('<!-- hardening: start --><!-- hardening: end -->', both, ['doors', 'windows']);
  expect(sectionsInTable(document)).toEqual(['doors', 'windows']);
  const again = { ...windows, commit: 'def5678', counts: [{ what: 'shut', tried: 1, held: 1 }] };
  expect(withCounts(document, new Map([['windows', again]]), ['doors', 'windows'])).toContain(
    countsTable(both.set('windows', again)),
  );
  expect(() => withCounts(document, new Map(), ['doors', 'roof'])).toThrow('no results yet of roof');
});

it('docs/security-counts.md has rows of every section, and no others', () => {
  // Read, not imported: the sections would load all of their attacks.
  const registered = /Record<string, Section>> = \{([^}]*)\}/.exec(
    readFileSync(join(root, 'test/hardening/sections.ts'), 'utf8'),
  )?.[1];
  const names = [...(registered ?? '').matchAll(/^ {2}'?([\w-]+)'?[:,]/gm)].map(([, name]) => name);
  expect(names).toContain('supply');
  expect(sectionsInTable(readFileSync(join(root, 'docs/security-counts.md'), 'utf8'))).toEqual(names);
});
