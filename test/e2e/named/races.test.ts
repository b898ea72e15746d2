import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pause } from '../../../src/util/time/pause.ts';
import { type Home, makeHome } from './home.ts';
import { liesOf } from './truth.ts';

const MINUTES = 60_000;

let home: Home;
beforeAll(async () => {
  home = await makeHome();
  const tree = join(home.path, 'tree');
  mkdirSync(tree);
  for (let index = 0; index < 200; index++) writeFileSync(join(tree, `f${index}`), Buffer.alloc(20_000, 'x'));
});
afterEach(async () => home.removeAll());
afterAll(async () => home.close());

const create = ['create', 'm', '--image', 'micro', '--disk', '64M', '-m', '256M'];
const start = ['start', 'm'];
const stop = ['stop', '-t', '30', 'm'];
const kill = ['kill', 'm'];
const remove = ['rm', '--storage', 'm'];
/** It ends by itself, because it may start after the other command, in a guest that has rebooted. */
const flood = ['exec', 'm', '--', 'sh', '-c', 'yes x | head -n 2000000'];

/** The initial state of m, and two commands that start at once. */
const RACES: readonly (readonly ['absent' | 'stopped' | 'running', readonly string[], readonly string[]])[] =
  [
    ['absent', create, create],
    ['absent', create, remove],
    ['absent', ['run', '-d', '--name', 'm', 'micro', 'true'], create],
    ['stopped', start, start],
    ['stopped', start, remove],
    ['stopped', start, kill],
    ['stopped', start, ['rename', 'm', 'n']],
    ['stopped', start, ['clone', 'm', 'n']],
    ['stopped', start, ['set', 'm', '--cpus', '2']],
    ['stopped', ['clone', 'm', 'n'], remove],
    ['stopped', ['snapshot', 'm', 'one'], ['snapshot', 'm', 'one']],
    ['running', stop, stop],
    ['running', stop, kill],
    ['running', stop, ['rm', '-f', '--storage', 'm']],
    ['running', ['port', 'add', 'm', '8080'], stop],
    ['running', ['port', 'add', 'm', '8080'], ['port', 'add', 'm', '8080']],
    ['running', ['cp', 'TREE', 'm:/tmp/tree'], kill],
    ['running', ['cp', 'm:/bin', 'COPY'], kill],
    ['running', flood, kill],
    ['running', flood, ['reset', 'm']],
    ['running', ['save', 'm'], kill],
    ['running', ['snapshot', 'm', 'one'], kill],
    ['running', ['disk', 'add', 'm', '10M'], stop],
    ['running', ['wait', 'm', '--for', 'stopped'], ['restart', 'm']],
  ];

/** The delay of the second command, to vary where they meet: `VMLET_RACE_LATER_MS=400`. */
const LATER_MS = Number(process.env['VMLET_RACE_LATER_MS'] ?? 0);
/** Exit statuses of vmlet itself, and of a command whose machine has ended. */
const STATUSES = [0, 1, 124, 125];

it.each(RACES)('%s: %j and %j', { timeout: 5 * MINUTES }, async (state, ...commands) => {
  if (state !== 'absent') expect(await home.vmlet(...create)).toMatchObject({ status: 0 });
  if (state === 'running') expect(await home.vmlet(...start)).toMatchObject({ status: 0 });
  const places: Record<string, string> = {
    TREE: join(home.path, 'tree'),
    COPY: join(home.path, `copy-${Date.now()}`),
  };
  const [one, other] = await Promise.all(
    commands.map(async (words, index) => {
      await pause(index * LATER_MS);
      return home.vmlet(...words.map((word) => places[word] ?? word));
    }),
  );
  for (const finished of [one!, other!]) {
    expect(STATUSES, finished.stderr).toContain(finished.status);
    if (finished.status !== 0) expect(finished.stderr).toMatch(/^vmlet: \S/m);
    expect(finished.stderr).not.toMatch(/^\s+at .*:\d+:\d+|unexpected|TypeError|E[A-Z]{4,}:/m);
  }
  expect(await liesOf(home)).toEqual([]);
  // The machine, if it still exists, can be used and removed.
  for (const { name, ...found } of home.machines()) {
    expect(found).not.toHaveProperty('problem');
    expect(await home.vmlet('rm', '-f', '--storage', name)).toMatchObject({ status: 0 });
  }
});
