import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pause } from '../../../src/util/time/pause.ts';
import { type Finished } from '../command.ts';
import { until } from '../../until.ts';
import { copyShelf } from '../template/shelf-copy.ts';
import { StashedMachine } from '../template/stashed-machine.ts';
import { type Home, makeHome } from './home.ts';
import { liesOf } from './truth.ts';

const MINUTES = 60_000;

let home: Home;
/** m as it runs. */
let running: StashedMachine;
/** A directory with the template warm. */
let shelf: string;
beforeAll(async () => {
  home = await makeHome();
  const tree = join(home.path, 'tree');
  mkdirSync(tree);
  const disk = Buffer.alloc(1024 ** 2);
  // The signature of a boot sector.
  disk.writeUInt16LE(0xaa55, 510);
  writeFileSync(join(home.path, 'disk.raw'), disk);
  for (let index = 0; index < 200; index++) writeFileSync(join(tree, `f${index}`), Buffer.alloc(20_000, 'x'));
  expect(await home.vmlet(...create, '--start')).toMatchObject({ status: 0 });
  running = await StashedMachine.take(home, 'm', home.path);
  shelf = join(home.path, 'shelf');
  expect(await home.vmlet(...makeTemplate)).toMatchObject({ status: 0 });
  copyShelf(join(home.path, 'data/vmlet/templates'), shelf);
  expect(await home.vmlet(...removeTemplate)).toMatchObject({ status: 0 });
}, 5 * MINUTES);
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
    // The wait may begin when the machine runs again.
    ['running', ['wait', 'm', '--for', 'stopped', '--timeout', '20s'], ['restart', 'm']],
  ];

/** The delay of the second command, to vary where they meet: `VMLET_RACE_LATER_MS=400`. */
const LATER_MS = Number(process.env['VMLET_RACE_LATER_MS'] ?? 0);
/** Exit statuses of vmlet itself, and of a command whose machine has ended. */
const STATUSES = [0, 1, 124, 125];

/** A race has a result or an error for people, and no other end. */
function checkFinished(finished: Finished): void {
  expect(STATUSES, finished.stderr).toContain(finished.status);
  if (finished.status !== 0) expect(finished.stderr).toMatch(/^vmlet: \S/m);
  expect(finished.stderr).not.toMatch(/^\s+at .*:\d+:\d+|unexpected|TypeError|E[A-Z]{4,}:/m);
}

it.each(RACES)('%s: %j and %j', { timeout: 5 * MINUTES }, async (state, ...commands) => {
  if (state === 'stopped') expect(await home.vmlet(...create)).toMatchObject({ status: 0 });
  if (state === 'running') await running.start(home);
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
  for (const finished of [one!, other!]) checkFinished(finished);
  expect(await liesOf(home)).toEqual([]);
  // The machine, if it still exists, can be used and removed.
  for (const { name, ...found } of home.machines()) {
    expect(found).not.toHaveProperty('problem');
    expect(await home.vmlet('rm', '-f', '--storage', name)).toMatchObject({ status: 0 });
  }
});

/** Images are shared with other tests. */
const IMAGE = `race-${process.pid}`;
const makeNetwork = ['network', 'create', 'lan'];
const makeVolume = ['volume', 'create', 'data', '--size', '64M'];
const makeMember = ['create', 'm', '--image', 'micro', '--net', 'none', '--network', 'lan'];
const makeTemplate = ['template', 'create', 'warm', '--net', 'none'];
const makeImage = ['image', 'import', 'DISK', IMAGE];
const removeNetwork = ['network', 'rm', 'lan'];
const removeVolume = ['volume', 'rm', 'data'];
const removeTemplate = ['template', 'rm', 'warm'];
const removeImage = ['image', 'rm', IMAGE];
const useVolume = ['run', '--net', 'none', '--fresh', '-v', 'data:/data', 'micro', 'true'];
const useTemplate = ['run', '--template', 'warm', 'true'];
const useImage = ['create', 'm', '--image', IMAGE, '--pull', 'never'];

/** The commands before, two commands that start at once, and how many of them may succeed. */
const OTHER_RACES: readonly (readonly [
  before: readonly (readonly string[])[],
  one: readonly string[],
  other: readonly string[],
  successes: readonly number[],
])[] = [
  [[], makeNetwork, makeNetwork, [1]],
  [[], makeNetwork, removeNetwork, [1, 2]],
  [[makeNetwork], removeNetwork, removeNetwork, [1]],
  [[makeNetwork], makeMember, removeNetwork, [1]],
  [[makeNetwork], makeMember, makeMember, [1]],
  [[makeNetwork, create], ['network', 'connect', 'lan', 'm'], removeNetwork, [1]],
  [[makeNetwork, create], ['network', 'connect', 'lan', 'm'], ['network', 'connect', 'lan', 'm'], [1]],
  [[makeNetwork, create], ['network', 'connect', 'lan', 'm'], remove, [1, 2]],
  [[makeNetwork, makeMember], ['network', 'disconnect', 'lan', 'm'], removeNetwork, [1, 2]],
  [[makeNetwork, makeMember], ['clone', 'm', 'n'], ['rename', 'm', 'n'], [1]],
  [[], makeVolume, makeVolume, [1]],
  [[makeVolume], removeVolume, removeVolume, [1]],
  [[makeVolume], useVolume, useVolume, [1, 2]],
  [[makeVolume], useVolume, removeVolume, [1, 2]],
  [[], makeTemplate, makeTemplate, [1]],
  [[makeTemplate], removeTemplate, removeTemplate, [1]],
  [[makeTemplate], useTemplate, removeTemplate, [1, 2]],
  [[makeTemplate], useTemplate, [...makeTemplate, '--replace'], [1, 2]],
  // The same contents are the same image.
  [[], makeImage, makeImage, [2]],
  [[makeImage], removeImage, removeImage, [1]],
  [[makeImage], useImage, removeImage, [1]],
  [[makeImage], useImage, ['image', 'tag', IMAGE, `${IMAGE}-2`], [2]],
];

/** The directory of all that a command manages, by the command. */
const DIRECTORIES = { network: 'networks', volume: 'volumes', template: 'templates' };

function namesIn(directory: string): string[] {
  const path = join(home.path, 'data', 'vmlet', directory);
  return existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : [];
}

it.each(OTHER_RACES)(
  'after %j: %j and %j',
  { timeout: 5 * MINUTES },
  async (before, one, other, successes) => {
    const run = async (words: readonly string[]): Promise<Finished> =>
      home.vmlet(...words.map((word) => (word === 'DISK' ? join(home.path, 'disk.raw') : word)));
    const usesImage = [...before, one, other].flat().includes(IMAGE);
    try {
      for (const words of before) {
        if (words === makeTemplate) copyShelf(shelf, join(home.path, 'data/vmlet/templates'));
        else expect(await run(words)).toMatchObject({ status: 0 });
      }
      const finished = await Promise.all([run(one), run(other)]);
      for (const each of finished) checkFinished(each);
      const said = finished.map(({ stderr }) => stderr).join('');
      expect(successes, said).toContain(finished.filter(({ status }) => status === 0).length);
      expect(await liesOf(home)).toEqual([]);
      for (const machine of home.machines()) expect(machine).not.toHaveProperty('problem');
    } finally {
      await home.removeAll();
      for (const [noun, directory] of Object.entries(DIRECTORIES)) {
        for (const name of namesIn(directory)) await run([noun, 'rm', name]);
      }
      if (usesImage) for (const name of [IMAGE, `${IMAGE}-2`]) await run(['image', 'rm', name]);
    }
    // All of it could be removed, and nothing runs on.
    for (const directory of [...Object.values(DIRECTORIES), 'machines']) {
      expect(namesIn(directory)).toEqual([]);
    }
    if (usesImage) expect((await run(['image', 'ls'])).stdout).not.toContain(IMAGE);
    await until(() => home.processes().length === 0);
  },
);
