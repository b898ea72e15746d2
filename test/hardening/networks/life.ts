import { Random } from '../../../fixtures/agent/random.ts';
import type { Findings, HardeningOptions } from '../section.ts';
import { many, reasonsOf } from '../many.ts';
import { until } from '../../until.ts';
import type { Lab } from './lab.ts';

const SIZE = 20;
const LEAST = 4;
const SECONDS = 600;
/** More at once than there are processors would only wait for each other. */
const AT_ONCE = 3;
const NETWORK = 'crowd';

/** A machine of the crowd, as the steps have left it. */
interface One {
  /** The present one; each machine in its place gets a new one. */
  name: string;
  exists: boolean;
  runs: boolean;
  isMember: boolean;
}

type Step = keyof typeof STEPS;

const STEPS = {
  start: async (lab: Lab, one: One) => {
    await lab.vmlet('start', one.name);
    one.runs = true;
  },
  stop: async (lab: Lab, one: One) => {
    await lab.vmlet('stop', one.name);
    one.runs = false;
  },
  kill: async (lab: Lab, one: One) => {
    await lab.vmlet('kill', one.name);
    one.runs = false;
  },
  'lose its QEMU': async (lab: Lab, one: One) => {
    await lose(lab, one, lab.running(one.name).qemu?.pid);
  },
  'lose its keeper': async (lab: Lab, one: One) => {
    await lose(lab, one, lab.running(one.name).keeper.pid);
  },
  connect: async (lab: Lab, one: One) => {
    await lab.vmlet('network', 'connect', NETWORK, one.name);
    one.isMember = true;
  },
  disconnect: async (lab: Lab, one: One) => {
    await lab.vmlet('network', 'disconnect', NETWORK, one.name);
    one.isMember = false;
  },
  create: async (lab: Lab, one: One) => {
    await lab.create(one.name, 'micro', '--network', NETWORK);
    one.exists = true;
    one.isMember = true;
  },
  remove: async (lab: Lab, one: One) => {
    await lab.vmlet('rm', '--force', '--storage', one.name);
    one.exists = false;
    one.runs = false;
  },
  rename: async (lab: Lab, one: One) => {
    const name = nameAfter(one);
    await lab.vmlet('rename', one.name, name);
    one.name = name;
  },
  /** The clone takes its place. */
  clone: async (lab: Lab, one: One) => {
    const name = nameAfter(one);
    await lab.vmlet('clone', one.name, name);
    await lab.vmlet('rm', '--storage', one.name);
    one.name = name;
  },
} as const;

/** As in `m3-1` after `m3`. */
function nameAfter({ name }: One): string {
  const [place = '', count = '0'] = name.split('-');
  return `${place}-${Number(count) + 1}`;
}

/** Machines of one network that come and go at random; afterwards all that run know and reach each other. */
export async function life(lab: Lab, options: HardeningOptions): Promise<Findings> {
  const size = Math.max(LEAST, Math.round(SIZE * options.scale));
  await lab.vmlet('network', 'create', NETWORK);
  const crowd = Array.from({ length: size }, (_, index) => ({
    name: `m${index}`,
    exists: true,
    runs: false,
    isMember: true,
  }));
  for (const { name } of crowd) await lab.create(name, 'micro', '--network', NETWORK);
  const began = performance.now();
  const steps = await takeSteps(lab, crowd, options);
  const seconds = Math.round((performance.now() - began) / 1000);
  // Two, at least, that can reach each other.
  for (const one of crowd.slice(0, 2)) {
    if (!one.exists) await STEPS.create(lab, one);
    if (!one.isMember) await STEPS.connect(lab, one);
    if (!one.runs) await STEPS.start(lab, one);
  }
  const running = crowd.filter(({ runs }) => runs);
  const lies = await many(running.length, AT_ONCE, async (index) =>
    lab.liesInHosts(running[index]?.name ?? ''),
  );
  const lost = await reachAll(lab, running);
  await lab.vmlet(
    'rm',
    '--force',
    '--storage',
    ...crowd.filter(({ exists }) => exists).map(({ name }) => name),
  );
  await until(() => lab.home.processes().length === 0, { signal: options.signal });
  await lab.vmlet('network', 'rm', NETWORK);
  const wrong = lies.map((one) => (one.status === 'rejected' ? [String(one.reason)] : one.value));
  const among = `${size} machines of one network`;
  return {
    counts: [
      {
        what: `steps of ${among}, created, cloned, renamed, removed, started, stopped, killed, connected and disconnected at random, ${AT_ONCE} at once`,
        tried: steps.total,
        held: steps.total - steps.faults.length,
        note: `${seconds} s: ${steps.note}`,
      },
      {
        what: `running machines of them whose hosts files have exactly the members with their addresses afterwards, before vmlet reaches them again`,
        tried: wrong.length,
        held: wrong.filter((sentences) => sentences.length === 0).length,
      },
      { what: 'running members of them that reach each other by name', tried: lost.tried, held: lost.held },
    ],
    faults: [...steps.faults, ...wrong.flat(), ...lost.faults],
  };
}

async function takeSteps(
  lab: Lab,
  crowd: readonly One[],
  { scale, seed, log, signal }: HardeningOptions,
): Promise<{ readonly total: number; readonly note: string; readonly faults: readonly string[] }> {
  const random = new Random(seed);
  const end = performance.now() + SECONDS * scale * 1000;
  const busy = new Set<One>();
  const done: Step[] = [];
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      signal?.throwIfAborted();
      const one = random.pick(crowd.filter((other) => !busy.has(other)));
      const step = random.pick(possibleFor(one));
      busy.add(one);
      done.push(step);
      log(`${one.name}: ${step}`);
      try {
        await STEPS[step](lab, one);
      } catch (error) {
        throw new Error(`${one.name} could not ${step}: ${(error as Error).message}`, { cause: error });
      }
      busy.delete(one);
    }
  };
  const faults = reasonsOf(await many(AT_ONCE, AT_ONCE, work));
  const kinds = Object.keys(STEPS).map((kind) => `${done.filter((step) => step === kind).length} × ${kind}`);
  return { total: done.length, note: kinds.join(', '), faults };
}

/** Members mostly run. */
function possibleFor({ exists, runs, isMember }: One): readonly Step[] {
  if (!exists) return ['create'];
  const membership: Step = isMember ? 'disconnect' : 'connect';
  const changes: readonly Step[] = ['rename', 'clone', 'remove'];
  if (!runs) {
    return isMember
      ? ['start', 'start', 'start', 'start', membership, ...changes]
      : ['start', membership, membership];
  }
  return isMember
    ? ['stop', 'kill', 'lose its QEMU', 'lose its keeper', 'remove', membership, membership]
    : [membership];
}

async function lose(lab: Lab, one: One, pid: number | undefined): Promise<void> {
  process.kill(pid ?? Number.NaN, 'SIGKILL');
  await until(() => lab.status(one.name).kind !== 'running');
  one.runs = false;
}

async function reachAll(
  lab: Lab,
  running: readonly One[],
): Promise<{ readonly tried: number; readonly held: number; readonly faults: readonly string[] }> {
  const names = running.filter(({ isMember }) => isMember).map(({ name }) => name);
  const results = await many(names.length, AT_ONCE, async (index) =>
    lab.lossesOf(names[index] ?? '', NETWORK, names),
  );
  const faults = results.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : one.value));
  return {
    tried: names.length * (names.length - 1),
    held: names.length * (names.length - 1) - faults.length,
    faults,
  };
}
