import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SectionResult } from '../../hardening/results.ts';
import { countsTable, sectionsInTable, withTable } from '../../hardening/table.ts';

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

it('shows each count, what did not hold, and where it was counted', () => {
  expect(countsTable(new Map([['doors', result]]))).toBe(
    [
      '| section | what | tried | held | note |',
      '| --- | --- | --: | --: | --- |',
      '| doors | locked \\| closed | 3 | **2** | one was open |',
      '',
      'What must not be:',
      '',
      '- doors: the back door is open',
      '',
      'Counted on 2026-01-02, commit abc1234: Linux 6.',
    ].join('\n'),
  );
});

it('says of each host and day what was counted there, and what was counted in part', () => {
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

it('replaces what is between the markers, and nothing else', () => {
  const document = 'before\n<!-- hardening: start -->\nold\n<!-- hardening: end -->\nafter\n';
  const once = withTable(document, 'new');
  expect(once).toBe('before\n<!-- hardening: start -->\n\nnew\n\n<!-- hardening: end -->\nafter\n');
  expect(withTable(once, 'new')).toBe(once);
  expect(() => withTable('no markers', 'new')).toThrow('expected <!-- hardening: start -->');
});

it('finds in a document which sections have rows', () => {
  const table = countsTable(
    new Map([
      ['doors', result],
      ['windows', result],
    ]),
  );
  expect(sectionsInTable(withTable('<!-- hardening: start --><!-- hardening: end -->', table))).toEqual([
    'doors',
    'windows',
  ]);
});

it('SECURITY.md has rows of every section, and of nothing else', () => {
  // Read and not imported: the sections bring all of their attacks with them.
  const registered = /Record<string, Section>> = \{([^}]*)\}/.exec(
    readFileSync(join(root, 'test/hardening/sections.ts'), 'utf8'),
  )?.[1];
  const names = [...(registered ?? '').matchAll(/^ {2}'?([\w-]+)'?[:,]/gm)].map(([, name]) => name);
  expect(names).toContain('supply');
  expect(sectionsInTable(readFileSync(join(root, 'SECURITY.md'), 'utf8'))).toEqual(names);
});
