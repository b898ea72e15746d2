import type { Random } from '../../../fixtures/agent/random.ts';
import { describeEnd } from '../../../src/machines/index.ts';
import type { Lab } from './lab.ts';
import { type Members, MORTALS, NAMES, NETWORKS, PAIRS, patiently, pingingIn } from './members.ts';
import type { Pair } from './pings.ts';

/** A process that is killed. */
export interface Victim {
  readonly what: string;
  readonly pid: number;
  readonly pair: Pair;
  /** Waits until it is healed, or told and started again. @returns what is wrong. */
  readonly heal: () => Promise<readonly string[]>;
}

export interface Program {
  readonly name: string;
  readonly after: string;
  choose(members: Members, random: Random): Promise<Victim> | Victim;
}

export const PROGRAMS: readonly Program[] = [
  { name: 'the switch', after: 'another one serves all members', choose: chooseSwitch },
  { name: 'a plug', after: 'another one plugs the card in', choose: choosePlug },
  { name: 'a keeper', after: 'the machine is reported, and starts again', choose: chooseKeeper },
  { name: 'passt', after: 'another one serves the forward', choose: choosePasst },
  { name: 'QEMU', after: 'the machine is reported, and starts again', choose: chooseQemu },
];

async function chooseSwitch({ lab: { networks } }: Members, random: Random): Promise<Victim> {
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

/** One of the pair that ping: of other members, they may not notice. */
function choosePlug(members: Members, random: Random): Victim {
  const network = random.pick(NETWORKS);
  const name = random.pick(pingingIn(network));
  const card = members.lab.cardOf(name, network);
  const pid = helperOf(members.lab, name, card);
  return {
    what: `the plug of ${name} in ${network}`,
    pid,
    pair: PAIRS[network],
    heal: async () => [...(await replaced(members.lab, name, card, pid)), ...(await members.unreached(name))],
  };
}

function choosePasst(members: Members, random: Random): Victim {
  const name = random.pick(NAMES);
  const pid = helperOf(members.lab, name, 'passt');
  return {
    what: `passt of ${name}`,
    pid,
    pair: random.pick(Object.values(PAIRS)),
    heal: async () => [
      ...(await replaced(members.lab, name, 'passt', pid)),
      ...(await members.unserved(name)),
    ],
  };
}

function chooseKeeper(members: Members, random: Random): Victim {
  const name = random.pick(MORTALS);
  const { pid } = members.lab.running(name).keeper;
  return ending(
    members,
    { name, what: `the keeper of ${name}`, pid, told: /vmlet-keeper.* was killed/ },
    random,
  );
}

function chooseQemu(members: Members, random: Random): Victim {
  const name = random.pick(MORTALS);
  const { qemu } = members.lab.running(name);
  if (!qemu) throw new Error(`${name} has no QEMU`);
  return ending(members, { name, what: `QEMU of ${name}`, pid: qemu.pid, told: /SIGKILL/ }, random);
}

interface Ending {
  readonly name: string;
  readonly what: string;
  readonly pid: number;
  /** The words for it. */
  readonly told: RegExp;
}

/** The whole machine ends. */
function ending(members: Members, { name, what, pid, told }: Ending, random: Random): Victim {
  const { lab } = members;
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
        return found.every((one) => !one.members.some((other) => other.name === name && other.plugged));
      });
      await members.restart(name);
      const wrong = [...ended, ...untold, ...left];
      return [...wrong, ...(await members.unreached(name)), ...(await members.unserved(name))];
    },
  };
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
