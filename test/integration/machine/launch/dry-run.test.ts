import { join } from 'node:path';
import { expect, it } from 'vitest';
import { awaitSocket } from '../../../../src/machine/launch/dry-run.ts';
import { run } from '../../../../src/process/run.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

it('the script of a dry run ends with a program that does not start', async () => {
  const script = `(echo no >&2; exit 3) &\n${awaitSocket(join(directory, 'never.sock'))}\necho started`;
  await expect(run(['sh', '-c', script])).rejects.toMatchObject({
    status: { exitCode: 1 },
    stderr: 'no\n',
  });
});
