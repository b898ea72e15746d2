// Each package that is shipped with vmlet, bundled or as a dependency, has an accepted licence.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAY_BE_BESIDE } from '../build/licences.mjs';

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'));
const installed = Object.entries(packages).filter(
  ([folder, { dev, devOptional, peer }]) => folder !== '' && !dev && !devOptional && !peer,
);
const refused = installed.filter(([, { license }]) => !MAY_BE_BESIDE.includes(license));
for (const [folder, { license }] of refused) process.stderr.write(`${folder}: ${license ?? 'no licence'}\n`);
if (installed.length === 0 || refused.length > 0) process.exitCode = 1;
