import { expect, it } from 'vitest';
import { dryRun, launch } from '../../../../src/template/kept/launch-or-fork.ts';

it.each([[null], [5], ['micro'], [[]]])(
  'the options %o are rejected before anything starts',
  async (options) => {
    const refused = { code: 'VMLET_INVALID_INPUT', field: 'options' };
    await expect(launch(options as object)).rejects.toMatchObject(refused);
    await expect(dryRun(options as object)).rejects.toMatchObject(refused);
  },
);
