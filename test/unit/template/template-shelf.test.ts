import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { locate } from '../../../src/machine/paths/locations.ts';
import { TemplateShelf } from '../../../src/template/template-shelf.ts';
import { temporaryDirectory } from '../../directory.ts';

const locations = locate({}, temporaryDirectory(), 0);

it.each([
  ['mine', true],
  ['.00000000-1-1-abcdef', false],
])('whether the removal of a link to %j in the shelf leaves the directory: %j', (entry, stays) => {
  const [directory, link] = [join(locations.templates, entry), join(locations.templates, 'web')];
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  symlinkSync(directory, link);
  new TemplateShelf(locations).remove('web');
  expect([existsSync(directory), existsSync(link)]).toEqual([stays, false]);
});
