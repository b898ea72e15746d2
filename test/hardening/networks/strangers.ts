import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import { plugProgram, switchProgram } from '../../../src/process/native/network-programs.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { type Findings, type HardeningOptions, together } from '../section.ts';
import { until } from '../../until.ts';
import {
  STRANGER,
  type User,
  VICTIM,
  becoming,
  giveTo,
  runAs,
  spawnScript,
  whyNoOtherUser,
} from '../user.ts';
import { processesOf } from '../users/entry.ts';
import type { Intrusion, Stage, Targets } from './intruder.ts';

const VMLET = join(import.meta.dirname, '../../../dist/bin/vmlet.js');
const INTRUDER = join(import.meta.dirname, 'intruder.ts');
const ROOT: User = { uid: 0, gid: 0 };
const NETWORK = 'lan';
const MEMBERS = ['web', 'db'];
const KIND = 'attempts of a second user to join, hear or take over a private network';
/** Fails if there is no other user, rather than omit attacks that need one. */
const IS_FORCED = process.env['VMLET_TEST_OTHER_USER'] === '1';

/** Another user of the host, who tries to join, hear and take over a private network. */
export async function strangers(options: Pick<HardeningOptions, 'scale' | 'log'>): Promise<Findings> {
  const reason = await whyNoOtherUser();
  if (reason !== undefined) {
    options.log(`nobody else to be: ${reason}`);
    return { counts: [], faults: IS_FORCED ? [`there is no other user to be: ${reason}`] : [] };
  }
  const owners = options.scale < 1 ? [VICTIM] : [VICTIM, ROOT];
  const all: Findings[] = [];
  for (const owner of owners) all.push(await attack(owner, options));
  return together(all);
}

async function attack(owner: User, { log }: Pick<HardeningOptions, 'log'>): Promise<Findings> {
  await using scope = new Scope();
  const owned = await makeNetwork(owner, scope);
  const name = owner.uid === 0 ? 'root' : 'an ordinary user';
  const closed = await intrude('closed', owned.targets);
  const close = open(owned.targets);
  const opened = [...(await intrude('open', owned.targets)), ...(await squat(owned))];
  close();
  for (const { attempt, refusal } of [...closed, ...opened])
    log(`${name}'s network, to ${attempt}: ${refusal || 'SUCCEEDED'}`);
  const strays = await strayPorts(owned);
  const count = (what: string, found: readonly Intrusion[]): Findings => {
    const reached = found.filter(({ refusal }) => refusal === '');
    return {
      counts: [{ what, kind: KIND, tried: found.length, held: found.length - reached.length }],
      faults: reached.map(({ attempt }) => `${what}: could ${attempt}`),
    };
  };
  return together([
    count(`attempts of a second user to join, hear or take over a private network of ${name}`, closed),
    count(
      `attempts of a second user on the switch and the plugs of ${name}, when their directories and socket are open to all`,
      opened,
    ),
    { counts: [], faults: strays },
  ]);
}

interface OwnedNetwork {
  readonly owner: User;
  readonly targets: Targets;
  readonly vmlet: (...words: string[]) => Promise<string>;
}

/** Its members boot an empty disk: QEMU alone has their cards plugged in. */
async function makeNetwork(owner: User, scope: Scope): Promise<OwnedNetwork> {
  const { path: directory, remove } = makeTemporaryDirectory(undefined, 'nets-');
  scope.defer(remove);
  chmodSync(directory, 0o755);
  const [home, runtime, data] = ['home', 'run', 'data'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [home, runtime, data]) mkdirSync(path, { mode: 0o700 });
  const disk = join(home, 'disk.raw');
  writeFileSync(disk, Buffer.alloc(1024 * 1024), { mode: 0o600 });
  for (const path of [home, runtime, data]) giveTo(owner, path);
  const environment = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    XDG_DATA_HOME: data,
  };
  const vmlet = async (...words: string[]): Promise<string> =>
    (await runAs(owner, [process.execPath, VMLET, ...words], environment)).stdout;
  await vmlet('network', 'create', NETWORK);
  scope.defer(async () => {
    await vmlet('kill', ...MEMBERS);
    await until(() => processesOf(owner.uid).every(({ path }) => !commandLineOf(path).includes(directory)));
  });
  const words = ['--image', disk, '-m', '64M', '--cpus', '1', '--display', 'none', '--network', 'none'];
  for (const name of MEMBERS) await vmlet('create', name, ...words, '--network', NETWORK, '--start');
  const sockets = readdirSync(join(runtime, 'vmlet')).map((id) => join(runtime, 'vmlet', id, 'card0.sock'));
  const targets: Targets = {
    network: NETWORK,
    directory: join(data, 'vmlet/networks', NETWORK, 'switch'),
    data,
    member: MEMBERS[0]!,
    cards: sockets,
    programs: { vmlet: VMLET, plug: plugProgram(), networkSwitch: switchProgram() },
  };
  const owned = { owner, targets, vmlet };
  await until(async () => (await portsOf(owned)).length === MEMBERS.length);
  return owned;
}

async function portsOf({ vmlet }: Pick<OwnedNetwork, 'vmlet'>): Promise<string[]> {
  const { networks } = JSON.parse(await vmlet('network', 'inspect', NETWORK)) as {
    networks: { switch?: { ports: { name: string }[] } }[];
  };
  return (networks[0]?.switch?.ports ?? []).map(({ name }) => name).sort();
}

async function strayPorts(owned: OwnedNetwork): Promise<string[]> {
  const ports = await portsOf(owned);
  const expected = [...MEMBERS].sort().join(' ');
  return ports.join(' ') === expected ? [] : [`plugged into the network are ${ports.join(', ')}`];
}

interface Intruder {
  readonly lines: Interface;
  readonly gone: Promise<unknown>;
}

function send(stage: Stage, targets: Targets): Intruder {
  const child = spawnScript(becoming(STRANGER), INTRUDER, [stage, JSON.stringify(targets)], {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
  });
  return {
    lines: createInterface(child.stdout!),
    gone: once(child, 'exit'),
  };
}

async function intrude(stage: Stage, targets: Targets): Promise<Intrusion[]> {
  const { lines, gone } = send(stage, targets);
  return readAttempts(lines, gone);
}

async function readAttempts(lines: Interface, gone: Promise<unknown>): Promise<Intrusion[]> {
  const attempts: Intrusion[] = [];
  for await (const line of lines) attempts.push(JSON.parse(line) as Intrusion);
  const [status] = (await gone) as [number | null];
  if (status !== 0 || attempts.length === 0) throw new Error(`the intruder ended with ${String(status)}`);
  return attempts;
}

/** The plug of a member is killed while another user listens in the switch’s place; then the card comes back. */
async function squat(owned: OwnedNetwork): Promise<Intrusion[]> {
  const { owner, targets } = owned;
  const { lines, gone } = send('squat', targets);
  const [line] = (await Promise.race([once(lines, 'line'), gone])) as [unknown];
  if (line !== 'listening') throw new Error(`nobody listens in the switch's place: ${String(line)}`);
  const words = `${plugProgram()} ${targets.directory} ${targets.member} `;
  const plug = processesOf(owner.uid, /^vmlet-plug$/m).find(({ path }) =>
    commandLineOf(path).startsWith(words),
  );
  process.kill(Number(plug?.path.slice('/proc/'.length)), 'SIGKILL');
  const attempts = await readAttempts(lines, gone);
  await until(async () => (await portsOf(owned)).length === MEMBERS.length);
  return attempts;
}

function commandLineOf(path: string): string {
  try {
    return readFileSync(join(path, 'cmdline'), 'latin1').replaceAll('\0', ' ');
  } catch {
    // It has ended.
    return '';
  }
}

/** Gives all users the way to the switch, as by a mistake of the owner. @returns what takes it from them again. */
function open({ data, directory }: Targets): () => void {
  const closed: readonly [string, number][] = [
    ...[data, join(data, 'vmlet'), join(directory, '../..'), join(directory, '..'), directory].map(
      (path): [string, number] => [path, 0o700],
    ),
    [join(directory, 'switch.sock'), 0o600],
  ];
  for (const [path] of closed) chmodSync(path, 0o777);
  return () => {
    for (const [path, mode] of closed) chmodSync(path, mode);
  };
}
