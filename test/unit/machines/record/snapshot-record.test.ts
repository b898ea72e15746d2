import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NoSpaceError } from '../../../../src/errors/index.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { forgetSnapshot, readLineage, recordTaken } from '../../../../src/machines/record/snapshot-record.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

it('a full disk does not stop the removal of a snapshot', () => {
  const snapshots = join(directory, 'snapshots.json');
  const definition = { files: { directory, snapshots } } as unknown as Definition;
  recordTaken(definition, 'old');
  const before = readLineage(definition);
  const fill = (): void => symlinkSync('/dev/full', `${snapshots}.${process.pid}.new`);
  fill();
  expect(() => recordTaken(definition, 'next')).toThrow(NoSpaceError);
  fill();
  forgetSnapshot(definition, 'old');
  expect(readLineage(definition)).toEqual(before);
  forgetSnapshot(definition, 'old');
  expect(readLineage(definition)).not.toEqual(before);
});
