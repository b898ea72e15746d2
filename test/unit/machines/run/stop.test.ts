import { expect, it } from 'vitest';
import { killMachine, stopMachine } from '../../../../src/machines/run/stop.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();

it.each([stopMachine, killMachine])(
  '%o of a machine that does not run gives no advice to start it',
  async (end) => {
    const { definition } = storedMachine(directory);
    await expect(end(definition)).rejects.toMatchObject({
      message: 'machine "web" is not running',
      hint: undefined,
    });
  },
);
