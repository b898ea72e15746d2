import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nameBeside } from '../../../../src/guest/tree/name-beside.ts';
import { temporaryDirectory } from '../../../directory.ts';

const place = temporaryDirectory();

it('takes the first name that is free, and no dangling link', () => {
  expect(nameBeside(place, 'src')).toBe('src.guest');
  mkdirSync(join(place, 'src.guest'));
  expect(nameBeside(place, 'src')).toBe('src.guest-2');
  symlinkSync('nowhere', join(place, 'src.guest-2'));
  expect(nameBeside(place, 'src')).toBe('src.guest-3');
});
