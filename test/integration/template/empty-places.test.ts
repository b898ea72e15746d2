import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emptyPlaces } from '../../../src/template/kept/begin-template.ts';
import { directoryIn, temporaryDirectory } from '../../directory.ts';

const BYTES = 1024 ** 2;
const directory = temporaryDirectory();

it.each(['inside of', 'outside of'])(
  'the places of a failed fork, with the memory %s the others, are empty again',
  async (where) => {
    const storage = directoryIn(directory, 'storage-');
    const memoryFile = join(where === 'inside of' ? storage : directoryIn(directory, 'memory-'), 'memory');
    for (const path of [join(storage, 'disk0.qcow2'), memoryFile]) writeFileSync(path, 'of the fork');
    mkdirSync(join(storage, 'folder'));
    await emptyPlaces({ storage, memoryFile }, BYTES);
    expect(readdirSync(storage)).toEqual(where === 'inside of' ? ['memory'] : []);
    expect(readFileSync(memoryFile).equals(Buffer.alloc(BYTES))).toBe(true);
    expect(statSync(memoryFile)).toMatchObject({ blocks: 0 });
  },
);
