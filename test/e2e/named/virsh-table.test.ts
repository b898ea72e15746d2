import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { keyboardSectors } from '../../../fixtures/guests/keyboard-sectors.ts';
import { makeMiniIso, missingForMiniIso } from '../../../fixtures/images/mini-iso.ts';
import { convertDisk } from '../../../src/images/qemu-img/qemu-img.ts';
import { type Finished, type Started, start } from '../command.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from './home.ts';

/** The commands of the table in docs/from-virsh.md, in its order. */
const rows = commandsOfTable(readFileSync(join(import.meta.dirname, '../../../docs/from-virsh.md'), 'utf8'));
/** Commands that run until the user ends them, or need a program that shows a screen. */
const endless = new Set(['events', 'console', 'view']);
const missing = missingForMiniIso();
let home: Home;

function commandsOfTable(page: string): string[] {
  const section = page.split('## Commands')[1]?.split(/^#/m)[0] ?? '';
  return [...section.matchAll(/\| `(vmlet [^`]*)` *\|$/gm)].map((match) => match[1] ?? '');
}

beforeAll(async () => {
  home = await makeHome();
  const raw = join(home.path, 'server.raw');
  writeFileSync(raw, keyboardSectors.characters);
  await convertDisk({
    from: { path: raw, format: 'raw' },
    to: { path: join(home.path, 'server.qcow2'), format: 'qcow2' },
  });
  if (missing === undefined) makeMiniIso(home.path, join(home.path, 'install.iso'));
  return async () => home.close();
});

/** Ports of the table may be in use on the host of the test. */
function withFreePorts(words: readonly string[]): string[] {
  return words.map((word) => word.replace(/^(\d{4}):(\d{2})$/, '3$1:$2').replace(/^9090$/, '39090'));
}

function run(words: readonly string[]): Started {
  // The guest ignores the power button, so `stop` would wait for most of its minute.
  const patience = words[0] === 'stop' ? ['-t', '5s'] : [];
  return start([...withFreePorts(words), ...patience], { env: home.environment, cwd: home.path });
}

it('has rows', () => {
  expect(rows.length).toBeGreaterThan(35);
});

if (missing !== undefined) console.warn(`the table's commands are not run: ${missing}`);

it.skipIf(missing !== undefined).each(rows)('%s', async (row) => {
  const words = row.split(' ').slice(1);
  const started = run(words);
  if (endless.has(words[0] ?? '')) {
    await expectTalk(started, words[0] ?? '');
    return;
  }
  const { status, stderr } = await started.finished;
  expect({ row, status, stderr }).toMatchObject({ status: 0 });
});

/** The first output of an endless command; the console shows earlier output of the guest. */
const firstWords: Readonly<Record<string, RegExp>> = { events: / server [A-Z_]+/, console: />/ };

async function expectTalk(started: Started, verb: string): Promise<Finished> {
  const expected = firstWords[verb];
  if (expected) {
    await until(() => expected.test(started.stdout()) || started.process.exitCode !== null);
    started.process.kill('SIGTERM');
  }
  const finished = await started.finished;
  // No viewer has a display here: the error says how to install one and where the socket is.
  expect(finished.stdout + finished.stderr).toMatch(expected ?? /vnc/);
  return finished;
}
