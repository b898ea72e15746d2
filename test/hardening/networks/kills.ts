import { Random } from '../../../fixtures/agent/random.ts';
import { describeEnd } from '../../../src/machines/index.ts';
import type { Count, Findings, HardeningOptions } from '../section.ts';
import { until } from '../until.ts';
import type { Lab } from './lab.ts';
import { type Pair, lostPings } from './pings.ts';

const TIMES = 20;
const MOST_LOST = 2;
const PATIENCE_MS = 30_000;

/** The machines, and their networks. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  web: ['lan', 'dmz'],
  db: ['lan'],
  cache: ['lan', 'dmz'],
  mail: ['lan'],
  queue: ['dmz'],
};
const NAMES = Object.keys(MEMBERS);
/** None of them is ever ended. */
const PAIRS = { lan: { from: 'web', to: 'db.lan' }, dmz: { from: 'web', to: 'queue.dmz' } } as const;
type Network = keyof typeof PAIRS;
const NETWORKS: readonly Network[] = ['lan', 'dmz'];
/** Others than those that ping. */
const MORTALS = ['cache', 'mail'];
const SERVE = 'mkdir -p /tmp/www && hostname > /tmp/www/index.html && httpd -h /tmp/www -p 80';

interface Victim {
  readonly what: string;
  readonly pid: number;
  readonly pair: Pair;
  /** Waits until it is healed, or told and started again. @returns what is wrong. */
  readonly heal: () => Promise<readonly string[]>;
}

interface Program {
  readonly name: string;
  readonly after: string;
  choose(lab: Lab, random: Random): Promise<Victim> | Victim;
}

const PROGRAMS: readonly Program[] = [
  { name: 'the switch', after: 'another one serves all members', choose: chooseSwitch },
  { name: 'a plug', after: 'another one plugs the card in', choose: choosePlug },
  { name: 'a keeper', after: 'the machine is reported, and starts again', choose: chooseKeeper },
  { name: 'passt', after: 'another one serves the forward', choose: choosePasst },
  { name: 'QEMU', after: 'the machine is reported, and starts again', choose: chooseQemu },
];

/** Kills the programs of two networks in turn, while two members ping each other. */
export async function kills(lab: Lab, options: HardeningOptions): Promise<Findings> {
  for (const network of NETWORKS) await lab.vmlet('network', 'create', network);
  for (const [name, networks] of Object.entries(MEMBERS)) {
    await lab.create(name, ...networks.flatMap((network) => ['--network', network]), '-p', '80', '--start');
    await serve(lab, name);
  }
  const random = new Random(options.seed);
  const times = Math.max(1, Math.round(TIMES * options.scale));
  const results: Findings[] = [];
  for (const program of PROGRAMS) results.push(await killOften(lab, program, { times, random, options }));
  const faults = results.flatMap((one) => one.faults);
  return { counts: results.flatMap(({ counts }) => counts), faults: [...faults, ...(await end(lab))] };
}

interface Rounds {
  readonly times: number;
  readonly random: Random;
  readonly options: HardeningOptions;
}

async function killOften(lab: Lab, program: Program, { times, random, options }: Rounds): Promise<Findings> {
  const faults: string[] = [];
  const losses: number[] = [];
  let held = 0;
  for (let time = 0; time < times; time++) {
    options.signal?.throwIfAborted();
    const victim = await program.choose(lab, random);
    const { lost, wrong } = await killOne(lab, victim, options);
    losses.push(lost);
    options.log(`${victim.what} killed: ${lost} pings lost ${wrong.join('; ')}`);
    if (wrong.length === 0) held++;
    else faults.push(...wrong.map((one) => `after ${victim.what} was killed: ${one}`));
  }
  const count: Count = {
    what: `kills of ${program.name} while two others of five members ping: at most ${MOST_LOST} of 30 pings lost, ${program.after}, hosts files true`,
    tried: times,
    held,
    note: `pings lost: ${describeLosses(losses)}`,
  };
  return { counts: [count], faults };
}

async function killOne(
  lab: Lab,
  { pid, pair, heal }: Victim,
  options: HardeningOptions,
): Promise<{ readonly lost: number; readonly wrong: readonly string[] }> {
  const lost = await lostPings(lab, pair, () => void process.kill(pid, 'SIGKILL'), options);
  const healed = await heal();
  const lies = await Promise.all(NAMES.map(async (name) => lab.liesInHosts(name)));
  const many = lost > MOST_LOST ? [`${lost} of 30 pings from ${pair.from} to ${pair.to} were lost`] : [];
  return { lost, wrong: [...many, ...healed, ...lies.flat()] };
}

/** Such as `0 (18 times), 1 (2 times)`. */
function describeLosses(losses: readonly number[]): string {
  const values = [...new Set(losses)].sort((one, other) => one - other);
  return values.map((value) => `${value} (${losses.filter((one) => one === value).length} times)`).join(', ');
}

async function chooseSwitch({ networks }: Lab, random: Random): Promise<Victim> {
  const network = random.pick(NETWORKS);
  const { switch: running } = await networks.get(network);
  if (!running) throw new Error(`${network} has no switch`);
  return {
    what: `the switch of ${network}`,
    pid: running.pid,
    pair: PAIRS[network],
    heal: async () =>
      patiently(`${network} has no other switch with all members`, async () => {
        const { switch: next, members } = await networks.get(network);
        return next !== undefined && next.pid !== running.pid && members.every(({ plugged }) => plugged);
      }),
  };
}

function choosePlug(lab: Lab, random: Random): Victim {
  const name = random.pick(NAMES);
  const network = random.pick(NETWORKS.filter((one) => MEMBERS[name]?.includes(one)));
  const card = lab.cardOf(name, network);
  const pid = helperOf(lab, name, card);
  return {
    what: `the plug of ${name} in ${network}`,
    pid,
    pair: PAIRS[network],
    heal: async () => [...(await replaced(lab, name, card, pid)), ...(await unreached(lab, name))],
  };
}

function choosePasst(lab: Lab, random: Random): Victim {
  const name = random.pick(NAMES);
  const pid = helperOf(lab, name, 'passt');
  return {
    what: `passt of ${name}`,
    pid,
    pair: random.pick(Object.values(PAIRS)),
    heal: async () => [...(await replaced(lab, name, 'passt', pid)), ...(await unserved(lab, name))],
  };
}

function chooseKeeper(lab: Lab, random: Random): Victim {
  const name = random.pick(MORTALS);
  const { keeper } = lab.running(name);
  return ending(
    lab,
    { name, what: `the keeper of ${name}`, pid: keeper.pid, told: /vmlet-keeper.* was killed/ },
    random,
  );
}

function chooseQemu(lab: Lab, random: Random): Victim {
  const name = random.pick(MORTALS);
  const { qemu } = lab.running(name);
  if (!qemu) throw new Error(`${name} has no QEMU`);
  return ending(lab, { name, what: `QEMU of ${name}`, pid: qemu.pid, told: /SIGKILL/ }, random);
}

interface Ending {
  readonly name: string;
  readonly what: string;
  readonly pid: number;
  /** The words for it. */
  readonly told: RegExp;
}

/** The whole machine ends. */
function ending(lab: Lab, { name, what, pid, told }: Ending, random: Random): Victim {
  return {
    what,
    pid,
    pair: random.pick(Object.values(PAIRS)),
    heal: async () => {
      const ended = await patiently(`${name} still runs`, () => lab.status(name).kind !== 'running');
      const status = lab.status(name);
      const words = status.kind === 'stopped' ? describeEnd(status.outcome) : status.kind;
      const untold = told.test(words) ? [] : [`its end is told as “${words}”`];
      const left = await patiently(`${name} is still plugged in`, async () => {
        const found = await Promise.all(NETWORKS.map(async (network) => lab.networks.get(network)));
        return found.every(({ members }) => !members.some((one) => one.name === name && one.plugged));
      });
      await lab.vmlet('start', name);
      await serve(lab, name);
      return [...ended, ...untold, ...left, ...(await unreached(lab, name)), ...(await unserved(lab, name))];
    },
  };
}

async function serve(lab: Lab, name: string): Promise<void> {
  await lab.vmlet('exec', name, '--', 'sh', '-c', SERVE);
}

function helperOf(lab: Lab, name: string, helper: string): number {
  const found = lab.running(name).helpers[helper];
  if (!found) throw new Error(`${name} has no ${helper}`);
  return found.pid;
}

async function replaced(lab: Lab, name: string, helper: string, former: number): Promise<readonly string[]> {
  return patiently(`${name} has no other ${helper}`, () => {
    const pid = lab.running(name).helpers[helper]?.pid;
    return pid !== undefined && pid !== former;
  });
}

/** The card’s neighbours reach it by name, and it reaches them. */
async function unreached(lab: Lab, name: string): Promise<readonly string[]> {
  const losses: string[] = [];
  for (const network of NETWORKS.filter((one) => MEMBERS[name]?.includes(one))) {
    const others = NAMES.filter((other) => MEMBERS[other]?.includes(network));
    losses.push(...(await lab.lossesOf(name, network, others)));
    const neighbour = others.find((other) => other !== name) ?? name;
    losses.push(...(await lab.lossesOf(neighbour, network, [name])));
  }
  return losses;
}

/** Its forward leads to the server in its guest. */
async function unserved(lab: Lab, name: string): Promise<readonly string[]> {
  const found = lab.home.store.look(name);
  const ports = found && 'ports' in found ? found.ports : [];
  const forward = ports.find(({ guestPort }) => guestPort === 80);
  if (!forward) return [`${name} has no forward`];
  return patiently(`the forward of ${name} does not answer`, async () => {
    try {
      const answer = await fetch(`http://127.0.0.1:${forward.hostPort}/`, {
        signal: AbortSignal.timeout(2000),
      });
      return (await answer.text()).trim() === name;
    } catch {
      // Refused or cut while passt is starting.
      return false;
    }
  });
}

/** @returns the problem if it does not become true in time. */
async function patiently(
  problem: string,
  look: () => boolean | Promise<boolean>,
): Promise<readonly string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  const wasTrue = await until(async () => ((await look()) ? 'yes' : performance.now() > deadline && 'no'));
  return wasTrue === 'yes' ? [] : [problem];
}

/** Ends all members. @returns what is left of them and of the networks. */
async function end(lab: Lab): Promise<readonly string[]> {
  const { home, networks } = lab;
  await lab.vmlet('kill', ...NAMES);
  const wrong = await patiently('processes of the networks are left', () => home.processes().length === 0);
  const running = (await Promise.all(NETWORKS.map(async (one) => networks.get(one)))).filter(
    (one) => one.switch,
  );
  await lab.vmlet('rm', '--force', '--storage', ...NAMES);
  await lab.vmlet('network', 'rm', ...NETWORKS);
  return [...wrong, ...running.map(({ name }) => `the switch of ${name} is left`)];
}
