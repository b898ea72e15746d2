import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VERBS } from '../../../src/cli/commands.ts';

const cli = join(import.meta.dirname, '../../../src/cli');
/** A verb, and the folder of the file that it loads first. */
const LOADED = /^ {2}'?([\w-]+)'?: \{[^]*?import\('\.\/([\w-]+)\//gm;
const folders = [...readFileSync(join(cli, 'commands.ts'), 'utf8').matchAll(LOADED)].map(
  ([, verb = '', folder = '']) => [verb, folder] as const,
);

it('finds the folder of each verb', () => {
  expect(folders.map(([verb]) => verb)).toEqual(expect.arrayContaining(Object.keys(VERBS)));
});

it.each(folders)('vmlet %s is in the README of src/cli/%s', (verb, folder) => {
  expect(readFileSync(join(cli, folder, 'README.md'), 'utf8')).toMatch(
    new RegExp(`\`(vmlet )?${verb}( …)?\``),
  );
});
