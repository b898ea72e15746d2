import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../../machine/plan/plan.ts';
import type { Spec } from '../../machine/spec/spec.ts';
import type { OwnFiles } from '../fork-plan.ts';
import { type BootedMachine, type Making, bootGuest } from '../save-guest.ts';
import { forkOrKeep, requestKept } from './launch-kept.ts';
import { reasonToBoot } from './reason-to-boot.ts';

/**
 * Returns how the guest of a template begins: as a fork of the kept guest with the same options, which is booted and kept
 * if there is none. The fork has all its files for itself, so the template does not depend on the kept guest. Where a
 * guest cannot be kept, the template's own boots.
 */
export function beginFromKept(kept: 'use' | 'renew') {
  return async (places: OwnFiles, making: Making): Promise<BootedMachine> => {
    const { spec, networkCards, launching } = making;
    const options = { ...launching, name: spec.name };
    const obstacle = reasonToBoot(spec, options) ?? reasonOfDisks(spec);
    if (obstacle !== undefined) {
      launching.log?.debug({ reason: obstacle }, 'booting, not from a kept guest');
      return bootGuest(places, making);
    }
    const request = await requestKept(spec, options, kept, { networkCards, own: places });
    const machine = await forkOrKeep(request);
    if (machine) {
      const { findings, guests } = request;
      return { machine, host: findings.host, plan: withoutFilesBelow(guests.directory, machine.plan) };
    }
    await emptyPlaces(places, spec.memoryBytes);
    // The survey has pulled the image already.
    return bootGuest(places, { ...making, launching: { ...launching, pull: 'missing' } });
  };
}

/** In a kept guest they would be plugged in; the forks of a template have them from the start. */
function reasonOfDisks({ disks }: Spec): string | undefined {
  return disks.length > 0 ? 'the template has disks of its own' : undefined;
}

/** Without the saved state of the kept guest, which only this machine reads. */
function withoutFilesBelow(guests: string, plan: Plan): Plan {
  return { ...plan, readOnlyFiles: plan.readOnlyFiles.filter((path) => !path.startsWith(`${guests}/`)) };
}

/** Removes what a failed fork has left: a guest would boot into used memory, and the template would keep all of it. */
export async function emptyPlaces({ storage, memoryFile }: OwnFiles, bytes: number): Promise<void> {
  for (const name of await readdir(storage)) await rm(join(storage, name), { recursive: true });
  await writeFile(memoryFile, '', { mode: 0o600 });
  await truncate(memoryFile, bytes);
}
