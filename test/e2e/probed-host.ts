import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';

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
