import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { probePasst } from '../../src/host/programs/passt.ts';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';
import type { NamedMachine } from '../../src/machines/index.ts';
import { findProgram } from '../../src/process/program.ts';

/**
 * Copies what an earlier command has found out about this host into a cache of its own: to probe it again would take some
 * seconds for each cache.
 * @param own vmlet's directory in that cache.
 */
export function copyProbedHost(own: string): void {
  const survey = join(ownLocations().cache, 'host.json');
  if (!existsSync(survey)) return;
  mkdirSync(own, { recursive: true, mode: 0o700 });
  copyFileSync(survey, join(own, 'host.json'));
}

/** The program that changes the forwards of a running passt, where this host's passt has one. */
export async function findPesto(): Promise<string | undefined> {
  const passt = findProgram('passt');
  return passt === undefined ? undefined : (await probePasst(passt, undefined)).pesto;
}

/** Whether passt is restarted for a UDP port of a running machine. */
export async function restartsForUdp(machine: NamedMachine): Promise<boolean> {
  const status = machine.status();
  const hasPasst = status.kind === 'running' && status.helpers['passt'] !== undefined;
  return hasPasst && (await findPesto()) === undefined;
}
