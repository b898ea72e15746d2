import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchAt } from '../../../src/machine/launch/launch.ts';
import { Scope } from '../../../src/util/scope.ts';
import type { HardeningOptions } from '../section.ts';
import { type FillResult, bytesFor, fill } from './full-disk.ts';
import { makeSmallHome } from './small-home.ts';
import { until } from '../../until.ts';

/** A machine that ends with its launcher. */
export async function fillEmbedded(pauses: number, options: HardeningOptions): Promise<FillResult> {
  await using scope = new Scope();
  const home = await makeSmallHome(bytesFor(pauses), scope);
  const storage = join(home.path, 'embedded');
  mkdirSync(storage);
  const { signal } = options;
  const machine = await launchAt(
    { storage },
    { disks: ['1G'], memory: '128M', net: 'none', ...(signal && { signal }) },
  );
  scope.defer(async () => machine[Symbol.asyncDispose]());
  let told = 0;
  machine.onOutOfSpace(() => told++);
  return await fill(
    {
      label: 'embedded, qcow2',
      exec: (argv) => machine.exec(argv, { stdin: 'empty' }),
      standsStill: () => machine.outOfSpace !== undefined,
      lookAtPause: async () => {
        const before = told;
        await machine.resume();
        await until(() => told > before, { signal });
        return machine.outOfSpace?.disk === 'disk0' && told === before + 1
          ? []
          : ['the machine says it once'];
      },
      resume: async () => machine.resume(),
      stop: async () => {
        await machine.stop();
        const [disk] = machine.plan.disks;
        if (!disk) throw new Error('the machine has no disk');
        return disk;
      },
    },
    pauses,
    home,
    options,
  );
}
