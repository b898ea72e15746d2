import { expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { removeMachine } from '../../../../src/machines/life/remove.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();

it.each([true, false])('a removal reports whether it discarded saved memory (%j)', async (isSaved) => {
  const { locations, definition } = storedMachine(directory);
  if (isSaved) writeFileSync(definition.files.savedState, '');
  expect(await removeMachine(locations, 'web')).toMatchObject({ discardedMemory: isSaved });
});
