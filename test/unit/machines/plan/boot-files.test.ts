import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findBootFiles } from '../../../../src/machines/plan/boot-files.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();

it('a start with too little memory for its kernel names the command that gives it more', async () => {
  const kernel = join(directory, 'vmlinuz');
  writeFileSync(kernel, '');
  truncateSync(kernel, 10 * 1024 ** 2);
  const { locations, definition } = storedMachine(directory, {
    boot: { kind: 'kernel', kernel },
    memoryBytes: 16 * 1024 ** 2,
  });
  const context = { locations, pull: 'never', signal: undefined, onProgress: undefined } as const;
  await expect(findBootFiles(definition, context)).rejects.toMatchObject({
    message: expect.stringMatching(/^memory: 16 MiB is too small: /) as string,
    hint: 'give the machine more memory: vmlet set web --memory 256M',
  });
});
