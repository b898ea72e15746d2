import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { locate } from '../../src/machine/paths/locations.ts';

/**
 * Copies what an earlier command has found out about this host into a cache of its own: to probe it again would take some
 * seconds for each cache.
 * @param own vmlet's directory in that cache.
 */
export function copyProbedHost(own: string): void {
  const { cache } = locate(process.env, homedir(), process.getuid?.() ?? 0);
  const survey = join(cache, 'host.json');
  if (!existsSync(survey)) return;
  mkdirSync(own, { recursive: true, mode: 0o700 });
  copyFileSync(survey, join(own, 'host.json'));
}
