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
      '| section | cases | tried | held | permitted | commit |',
      '| --- | --- | --: | --: | --: | --- |',
      '| doors | locked \\| closed | 3 | **2** |  | abc1234 |',
      '',
      'Failures:',
      '',
      '- doors: the back door is open',
      '',
      '- Counted on Linux 6: doors.',
    ].join('\n'),
  );
});

it('shows the hosts, and the words that repeat a count', () => {
  const table = countsTable(
    new Map([
      ['doors', result],
      ['windows', { ...result, host: 'Linux 7', scale: 0.1 }],
    ]),
  );
  expect(table).toContain('| windows --scale 0.1 | locked \\| closed | 3 | **2** |  | abc1234 |');
  expect(table).toContain('- Counted on Linux 6: doors.\n- Counted on Linux 7: windows.');
});

it('adds up the counts of one kind and scale, with their exceptions and commits', () => {
  const kind = 'locks';
  const counts = [
    { what: 'a lock', kind, tried: 3, held: 3, permitted: 1 },
    { what: 'a gate', tried: 0, held: 0, note: 'not run: no gate' },
    { what: 'a bolt', kind, tried: 4, held: 3, permitted: 2, commit: 'def5678' },
    { what: 'a chain', kind, tried: 5, held: 5, scale: 0.5 },
  ];
  expect(
    countsTable(new Map([['doors', { ...result, counts }]]))
      .split('\n')
      .slice(2, 5),
  ).toEqual([
    '| doors | locks | 7 | **6** | 3 | abc1234, def5678 |',
    '| doors | a gate; not run: no gate | 0 | 0 |  | abc1234 |',
    '| doors --scale 0.5 | locks | 5 | 5 |  | abc1234 |',
  ]);
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

const MOST_ROWS = 60;

it('docs/security-counts.md has rows of every section, and no others, on one page', () => {
  // Read, not imported: the sections would load all of their attacks.
  const registered = /Record<string, Section>> = \{([^}]*)\}/.exec(
    readFileSync(join(root, 'test/hardening/sections.ts'), 'utf8'),
  )?.[1];
  const names = [...(registered ?? '').matchAll(/^ {2}'?([\w-]+)'?[:,]/gm)].map(([, name]) => name);
  expect(names).toContain('supply');
  const page = readFileSync(join(root, 'docs/security-counts.md'), 'utf8');
  expect(sectionsInTable(page)).toEqual(names);
  expect(page.match(/^\|/gm)?.length).toBeLessThan(MOST_ROWS);
});
