/**
 * Checks one input again, such as one from the raw log of `npm run hardening -- fuzz`.
 * usage: npx tsx test/hardening/fuzz/repeat.ts TARGET FILE|BASE64
 */
import { existsSync, readFileSync } from 'node:fs';
import { fuzzTargets } from './targets.ts';

const [name = '', given = ''] = process.argv.slice(2);
const target = fuzzTargets.find((one) => one.name === name);
if (!target) throw new Error(`no target ${name}; there are ${fuzzTargets.map((one) => one.name).join(', ')}`);
const input = target.decode(existsSync(given) ? readFileSync(given) : Buffer.from(given, 'base64'));
const undo = await target.prepare?.();
try {
  console.log(await target.check(input));
} finally {
  await undo?.();
}
