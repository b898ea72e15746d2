import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import type { Finished } from '../../command.ts';
import { type Home, makeHome } from '../home.ts';
import { leftovers, liesOf, stagingLeftovers } from '../truth.ts';

const AT_ONCE = 20;
/** The number of rounds; `VMLET_ROUNDS=5` takes some minutes on two processors. */
const ROUNDS = Number(process.env['VMLET_ROUNDS'] ?? 1);
const MINUTES = 60_000;

const BUSY =
  /^vmlet: machine "m" is busy: (process \d+ is (starting|stopping|removing) it|another process is working on it)$/m;
const RUNS = /^vmlet: machine "m" is (already|still) running( \(state: \w+\))?$/m;
const STOPPED = /^vmlet: machine "m" is not running$/m;
const THERE = /^vmlet: machine "m" already exists$/m;
const GONE = /^vmlet: no such machine: m$/m;

let home: Home;
beforeAll(async () => {
  home = await makeHome();
  writeFileSync(join(home.path, 'hang.img'), bootSectors.hang);
});
afterAll(async () => home.close());

const seen = new Map<string, number>();

/** All at once; exactly one succeeds, and the others report why they did not. */
async function race(
  title: string,
  commands: readonly (readonly string[])[],
  losers: readonly RegExp[],
): Promise<void> {
  const finished = await Promise.all(commands.map(async (args) => home.start(args).finished));
  expect(finished.filter(({ status }) => status === 0).length, describeAll(title, finished)).toBe(1);
  for (const { status, stderr } of finished.filter((one) => one.status !== 0)) {
    expect(status, `${title}: ${stderr}`).toBe(125);
    const sentence = losers.find((one) => one.test(stderr));
    expect(sentence, `${title}: ${stderr}`).toBeDefined();
    // One line for the error, and one for the hint.
    expect(stderr.trim().split('\n').length, stderr).toBeLessThanOrEqual(2);
    const key = `${title}: ${stderr.split('\n')[0]?.replace(/process \d+/, 'process …') ?? ''}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  expect(await liesOf(home), title).toEqual([]);
}

function describeAll(title: string, finished: readonly Finished[]): string {
  return `${title}:\n${finished.map(({ status, stderr }) => `${status ?? '?'} ${stderr}`).join('')}`;
}

function times(args: readonly string[]): (readonly string[])[] {
  return Array.from({ length: AT_ONCE }, () => args);
}

it(
  `succeeds for exactly one of ${AT_ONCE} concurrent commands`,
  { timeout: ROUNDS * 10 * MINUTES },
  async () => {
    const image = `${join(home.path, 'hang.img')},format=raw`;
    for (let round = 0; round < ROUNDS; round++) {
      await race('create', times(['create', 'm', '--image', image, '--memory', '64M']), [THERE]);
      await race('start', times(['start', 'm']), [BUSY, RUNS]);
      await race('stop', times(['stop', 'm', '--timeout', '300ms']), [BUSY, STOPPED]);
      await race(
        'start or rm',
        Array.from({ length: AT_ONCE }, (_, index) =>
          (index + round) % 2 === 0 ? ['start', 'm'] : ['rm', 'm', '--storage'],
        ),
        [BUSY, RUNS, GONE],
      );
      if (home.store.names().length === 0)
        await home.vmlet('create', 'm', '--image', image, '--memory', '64M');
      else expect((await home.vmlet('kill', 'm')).status).toBe(0);
      await race('rm', times(['rm', 'm', '--storage']), [BUSY, GONE]);
      expect([...leftovers(home), ...stagingLeftovers(home)]).toEqual([]);
    }
    const lines = [...seen].sort(([a], [b]) => a.localeCompare(b)).map(([key, count]) => `${count} × ${key}`);
    console.log(`what the others said, in ${ROUNDS} rounds:\n${lines.join('\n')}`);
  },
);
