import { launch } from '../../../src/index.ts';
import { MachineFaults } from '../../../src/testing/faults/machine-faults.ts';
import type { HardeningOptions } from '../section.ts';

export interface GuestErrorsResult {
  readonly tried: number;
  readonly held: number;
}

/** Disk errors other than lack of space: the guest gets each, and the machine keeps running. */
export async function failDisk(times: number, { log, signal }: HardeningOptions): Promise<GuestErrorsResult> {
  await using machine = await launch({
    disks: ['64M'],
    memory: '128M',
    net: 'none',
    faults: true,
    ...(signal && { signal }),
  });
  const faults = new MachineFaults(machine);
  let held = 0;
  for (let turn = 0; turn < times; turn++) {
    const failing = await faults.disk.fail({ on: [turn % 2 === 0 ? 'write' : 'read'] });
    await machine.exec(['sh', '-c', 'echo 3 > /proc/sys/vm/drop_caches']);
    const failed = await machine.exec(
      turn % 2 === 0
        ? ['dd', 'if=/dev/zero', 'of=/dev/vda', 'bs=4096', 'count=1', 'conv=fsync']
        : ['dd', 'if=/dev/vda', 'of=/dev/null', 'bs=4096', 'count=1'],
    );
    const { status } = await machine.qmp.execute('query-status');
    await failing.end();
    const told = failed.exitCode !== 0 && /i\/o error|input\/output error/i.test(failed.stderr.toString());
    if (told && status === 'running' && machine.outOfSpace === undefined) held++;
    else log(`disk errors: ${status}, dd ended with ${failed.exitCode ?? '?'}: ${failed.stderr.toString()}`);
  }
  return { tried: times, held };
}
