import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

it('names only files that exist', () => {
  const named = [...page.matchAll(/`((?:test|src|fixtures|scripts)\/[^`\s]+)`/g)].map(
    ([, path]) => path ?? '',
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it('names a test or an attack for each claim', () => {
  const claims = tables(page).flatMap(([heading = [], ...rows]) => {
    const column = heading.indexOf('shown by');
    return column < 0 ? [] : rows.map((cells) => ({ claim: cells[column - 1], proof: cells[column] ?? '' }));
  });
  expect(claims.length).toBeGreaterThan(30);
  expect(claims.filter(({ proof }) => !/`(test\/|npm run hardening)/.test(proof))).toEqual([]);
});

/** The cells of each table, its heading first, without the separator line. */
function tables(text: string): string[][][] {
  return [...text.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) =>
    table
      .trim()
      .split('\n')
      .filter((_, index) => index !== 1)
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim())),
  );
}
