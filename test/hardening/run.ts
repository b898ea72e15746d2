/** npm run hardening -- [SECTION…] [--scale N] [--seed N]. Raw logs go to hardening-results/SECTION.log. */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SECTIONS } from './sections.ts';

const RESULTS = join(import.meta.dirname, '../../hardening-results');

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  throw new Error(`no section ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}`);
}
const scale = Number(values.scale);
if (!(scale > 0 && scale <= 1))
  throw new Error(`--scale ${values.scale}: expected a number over 0 and up to 1`);
const seed = Number(values.seed);

await mkdir(RESULTS, { recursive: true });
for (const [name, section] of Object.entries(SECTIONS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(`\n== ${name}: ${section.title}`);
  const raw = createWriteStream(join(RESULTS, `${name}.log`));
  const started = performance.now();
  const findings = await section.run({ scale, seed, log: (line) => void raw.write(`${line}\n`) });
  const seconds = Math.round((performance.now() - started) / 1000);
  await new Promise((resolve) => raw.end(resolve));
  const result = { title: section.title, scale, seed, seconds, at: new Date().toISOString(), ...findings };
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  for (const { what, tried, held, note } of findings.counts) {
    console.log(
      `${held === tried ? 'ok    ' : 'FAILED'} ${what}: ${held} of ${tried}${note ? ` (${note})` : ''}`,
    );
  }
  for (const fault of findings.faults) console.log(`FAILED ${fault}`);
  if (findings.faults.length > 0 || findings.counts.some(({ tried, held }) => tried !== held)) {
    process.exitCode = 1;
  }
}
