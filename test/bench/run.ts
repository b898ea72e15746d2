import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import buildWhatIsMeasured from '../built.ts';
import { fail, programOptions } from './program-options.ts';
import { blocks } from './template/blocks.ts';
import { boot } from './launch/boot.ts';
import { firstReply } from './first-reply.ts';
import { database } from './template/database.ts';
import { fork } from './template/fork.ts';
import { forkMemory } from './template/fork-memory.ts';
import { guests } from './network/guests.ts';
import { hundred } from './hundred.ts';
import { kept } from './launch/kept.ts';
import { keptSystem } from './launch/kept-system.ts';
import { launch } from './launch/launch.ts';
import { pool } from './template/pool.ts';
import { pull } from './pull.ts';
import { qmp } from './qmp/qmp-section.ts';
import type { Section } from './section.ts';
import { namedHeal } from './machines/named-heal.ts';
import { namedList } from './machines/named-list.ts';
import { namedStart } from './machines/named-start.ts';
import { switches } from './network/switches.ts';
import { tenKept } from './template/ten-kept.ts';
import { throughput } from './network/throughput.ts';
import { peers } from './peers.ts';
import { repeat } from './repeat.ts';
import { shareStart } from './shares/share-start.ts';
import { shares } from './shares/shares.ts';
import { hostKernel } from './shares/host-kernel.ts';
import { sync } from './shares/sync.ts';
import { ui } from './ui.ts';
import { version } from './version.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  run: launch,
  kept,
  'ten-kept': tenKept,
  spawn: firstReply,
  boot,
  blocks,
  qmp,
  version,
  start: namedStart,
  ls: namedList,
  heal: namedHeal,
  pull,
  fork,
  'fork-memory': forkMemory,
  pool,
  hundred,
  switches,
  throughput,
};
/** Only on request. */
const APART: Readonly<Record<string, Section>> = {
  'kept-system': keptSystem,
  repeat,
  peers,
  database,
  ui,
  guests,
  shares,
  'share-start': shareStart,
  sync,
  'host-kernel': hostKernel,
};
const RESULTS = join(import.meta.dirname, '../../bench-results');

const USAGE = `Usage: npm run bench -- [SECTION…] [--rounds N]

Compares both sides in alternating rounds. Raw numbers go to bench-results/SECTION.json.
Without arguments, all sections up to ${Object.keys(SECTIONS).at(-1)}; the others take half an hour and more, or need root,
an image or other programs.`;
const all = { ...SECTIONS, ...APART };
const { values, positionals } = programOptions(USAGE, all, { rounds: { type: 'string' } });

const wanted = values.rounds === undefined ? undefined : Number(values.rounds);
if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted > 0))
  fail(`--rounds ${values.rounds}: expected a positive whole number`);

await buildWhatIsMeasured();
await mkdir(RESULTS, { recursive: true });
for (const [name, section] of Object.entries(positionals.length > 0 ? all : SECTIONS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const rounds = wanted ?? section.rounds;
  const host = {
    processors: cpus().length,
    model: cpus()[0]?.model,
    loadBefore: loadavg()[0],
    node: process.version,
  };
  console.log(`\n== ${name}: ${section.title}`);
  const { text, data } = await section.run(rounds);
  console.log(text);
  const result = { title: section.title, rounds, host, at: new Date().toISOString(), ...data };
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
