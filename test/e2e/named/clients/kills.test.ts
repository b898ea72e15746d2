import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Random } from '../../../../fixtures/agent/random.ts';
import { SCRIBBLED_BYTES, scribbleSector } from '../../../../fixtures/guests/scribble-sector.ts';
import { type Finished, type Started } from '../../command.ts';
import { type Home, makeHome } from '../home.ts';
import {
  type Role,
  checkDisks,
  keptDisks,
  leftovers,
  liesOf,
  roleOf,
  settle,
  stagingLeftovers,
} from '../truth.ts';

/** The number of kills; `VMLET_KILLS=200` is the whole sweep. */
const KILLS = Number(process.env['VMLET_KILLS'] ?? 20);
const SEED = Number(process.env['VMLET_SEED'] ?? 1);
const MINUTES = 60_000;

type Operation = 'create' | 'start' | 'snapshot' | 'stop' | 'rm';
type State = 'none' | 'stopped' | 'running';

/** The commands for each state, likelier ones several times. */
const MOVES: Readonly<Record<State, readonly Operation[]>> = {
  none: ['create'],
  stopped: ['start', 'start', 'snapshot', 'rm'],
  running: ['stop', 'stop', 'snapshot'],
};

/** The processes to kill meanwhile, likelier ones several times. */
const VICTIMS: Readonly<Record<Operation, readonly Role[]>> = {
  create: ['command'],
  start: ['command', 'command', 'command', 'command', 'keeper', 'keeper', 'qemu', 'passt'],
  snapshot: ['command', 'command', 'command', 'command', 'keeper', 'qemu'],
  stop: ['command', 'command', 'command', 'keeper', 'qemu', 'passt'],
  rm: ['command'],
};

/** The command’s message if there is nothing left to do. */
const DONE_ALREADY: Readonly<Record<Operation, RegExp>> = {
  create: /^vmlet: machine "m" already exists$/m,
  start: /^vmlet: machine "m" is already running/m,
  snapshot: /^vmlet: .*snapshot "s\d+" already exists$/m,
  stop: /^vmlet: machine "m" is not running$/m,
  rm: /^vmlet: no such machine: m$/m,
};

let home: Home;
let hasSnapshots: boolean;
let snapshots = 0;

beforeAll(async () => {
  home = await makeHome();
  const image = join(home.path, 'scribble.img');
  writeFileSync(image, scribbleSector);
  truncateSync(image, SCRIBBLED_BYTES);
  hasSnapshots = !(await home.vmlet('snapshot')).stderr.includes('unknown command');
  if (!hasSnapshots) console.warn('no snapshots are killed: this vmlet has no `vmlet snapshot create`');
});
afterAll(async () => home.close());

function commandOf(operation: Operation, random: Random): string[] {
  switch (operation) {
    case 'create': {
      const image = `${join(home.path, 'scribble.img')},format=raw`;
      return ['create', 'm', '--image', image, '--disk', '16M', '--memory', '64M'];
    }
    case 'snapshot':
      return ['snapshot', 'create', 'm', `s${++snapshots}`];
    case 'stop':
      // The guest ignores the power button.
      return ['stop', 'm', '--timeout', '300ms'];
    case 'rm':
      return random.below(2) === 0 ? ['rm', 'm'] : ['rm', 'm', '--storage'];
    case 'start':
      return ['start', 'm'];
  }
}

function stateNow(): State {
  const [machine] = home.machines();
  if (!machine) return 'none';
  return 'spec' in machine && machine.status.kind === 'running' ? 'running' : 'stopped';
}

async function medianDurations(random: Random): Promise<Record<Operation, number>> {
  const operations: Operation[] = [
    'create',
    'start',
    ...(hasSnapshots ? ['snapshot' as const] : []),
    'stop',
    'rm',
  ];
  const durations: Record<Operation, number[]> = { create: [], start: [], snapshot: [], stop: [], rm: [] };
  for (let turn = 0; turn < 3; turn++) {
    for (const operation of operations) {
      const before = performance.now();
      const { status, stderr } = await home.vmlet(...commandOf(operation, random));
      expect(status, stderr).toBe(0);
      durations[operation].push(performance.now() - before);
    }
  }
  const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[1] ?? 0;
  return {
    create: median(durations.create),
    start: median(durations.start),
    snapshot: median(durations.snapshot),
    stop: median(durations.stop),
    rm: median(durations.rm),
  };
}

/** The process to kill is running by then, or none is killed. */
function killNow(victim: Role, command: Started): boolean {
  const pid =
    victim === 'command' ? command.process.pid : home.processes().find((one) => roleOf(one) === victim)?.pid;
  if (pid === undefined || command.process.exitCode !== null) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has exited in the meantime.
    return false;
  }
}

async function expectTruth(what: string): Promise<number> {
  expect(await liesOf(home), what).toEqual([]);
  const { corrupt, leaking } = await checkDisks(home);
  expect(corrupt, what).toEqual([]);
  return leaking;
}

/** All disks have the snapshot. */
async function expectWhole(snapshot: string | undefined, what: string): Promise<void> {
  const found = (await home.store.get('m').snapshots()).find(({ name }) => name === snapshot);
  expect(found, what).toMatchObject({ missingOn: [] });
}

/** Each disk has one name, whichever process was killed while changing it. */
async function expectKept(stems: readonly string[], what: string): Promise<void> {
  const kept = keptDisks(home);
  expect(
    kept.map((path) => basename(path)),
    what,
  ).toEqual(stems.map((stem) => `${stem}.qcow2`));
  expect((await checkDisks(home)).corrupt, what).toEqual([]);
  for (const path of kept) rmSync(path);
}

function expectDone(operation: Operation, { status, stderr }: Finished, what: string): void {
  if (status !== 0) {
    expect(status, `${what}: ${stderr}`).toBe(125);
    expect(stderr, what).toMatch(DONE_ALREADY[operation]);
  }
  const expected = { create: 'stopped', start: 'running', stop: 'stopped', rm: 'none' } as const;
  if (operation !== 'snapshot') expect(stateNow(), what).toBe(expected[operation]);
  // A command that had nothing to do does not clean up either.
  if (status !== 0 || operation === 'snapshot') return;
  expect(leftovers(home), what).toEqual([]);
  if (operation === 'create' || operation === 'rm') expect(stagingLeftovers(home), what).toEqual([]);
}

it(
  `stays correct, complete and usable through ${KILLS} kills`,
  { timeout: (5 + KILLS / 2) * MINUTES },
  async () => {
    const random = new Random(SEED);
    const medians = await medianDurations(random);
    for (const path of keptDisks(home)) rmSync(path);
    const counts = new Map<string, number[]>();
    let leaks = 0;
    onTestFinished(() => report(medians, counts, leaks));
    for (let kills = 0; kills < KILLS;) {
      const possible = MOVES[stateNow()].filter((one) => one !== 'snapshot' || hasSnapshots);
      const operation = random.pick(possible);
      const victim = random.pick(VICTIMS[operation]);
      const share = random.below(1300) / 1000;
      const args = commandOf(operation, random);
      const what = `kill ${kills + 1}, seed ${SEED}: ${victim} at ${share} of ${args.join(' ')}`;
      const command = home.start(args);
      await delay(share * medians[operation]);
      const killed = killNow(victim, command);
      await command.finished;
      leaks += await expectTruth(what);
      if (killed) {
        kills++;
        const row = counts.get(`${operation}, ${victim}`) ?? [0, 0, 0, 0];
        row[Math.min(3, Math.floor((share / 1.3) * 4))]! += 1;
        counts.set(`${operation}, ${victim}`, row);
      }
      expectDone(operation, await home.vmlet(...args), `the same again after ${what}`);
      expect(await settle(home), `the same again after ${what}`).toBe(true);
      if (operation === 'snapshot') await expectWhole(args.at(-1), what);
      if (operation === 'rm')
        await expectKept(args.includes('--storage') ? [] : ['m-disk0', 'm-disk1'], what);
    }
  },
);

function report(
  medians: Readonly<Record<Operation, number>>,
  counts: ReadonlyMap<string, readonly number[]>,
  leaks: number,
): void {
  const rows = [...counts].sort(([a], [b]) => a.localeCompare(b));
  const lines = rows.map(
    ([key, phases]) => `${key.padEnd(24)}${phases.map((one) => String(one).padStart(9)).join('')}`,
  );
  const durations = Object.entries(medians).map(([key, value]) => `${key} ${Math.round(value)} ms`);
  console.log(
    [
      `kills by operation, victim and moment (quarters of 1.3 medians); seed ${SEED}; ${durations.join(', ')}`,
      ...lines,
      `disks with leaked clusters, seen at checks: ${leaks}`,
    ].join('\n'),
  );
}
