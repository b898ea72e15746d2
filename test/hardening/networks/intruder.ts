/**
 * tsx intruder.ts STAGE TARGETS: tries, as another user, to get into a private network (TARGETS is JSON). Prints each
 * attempt with its refusal as a line of JSON; in the stage `squat` first `listening`.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export type Stage = 'closed' | 'open' | 'squat';

/** The network, and its owner’s files and programs. */
export interface Targets {
  readonly network: string;
  /** The directory of the switch. */
  readonly directory: string;
  /** `XDG_DATA_HOME` with the networks and machines. */
  readonly data: string;
  readonly member: string;
  /** Sockets at which keepers wait for the cards of their QEMUs. */
  readonly cards: readonly string[];
  readonly programs: { readonly vmlet: string; readonly plug: string; readonly networkSwitch: string };
}

export interface Intrusion {
  readonly attempt: string;
  /** Empty if it succeeded. */
  readonly refusal: string;
}

const PATIENCE_MS = 3000;
const SPY = 'spy';
const MAC = '52:54:00:66:66:66';

const [stage = '', json = ''] = process.argv.slice(2);
const { network, directory, data, member, cards, programs } = JSON.parse(json) as Targets;
const socket = join(directory, 'switch.sock');

type Attempt = () => Promise<string>;

const fileAttempts: Record<string, Attempt> = {
  'connect to its switch': async () => errorOf(async () => once(connect(socket), 'connect')),
  ...Object.fromEntries(
    cards.map((path, index): [string, Attempt] => [
      `connect to the keeper's socket of card ${index}`,
      async () => errorOf(async () => once(connect(path), 'connect')),
    ]),
  ),
  'read its members': async () => errorOf(() => readFileSync(join(directory, 'table'))),
  'read its record': async () => errorOf(() => readFileSync(join(directory, '../network.json'))),
  'add a member to its table': async () => errorOf(() => appendFileSync(join(directory, 'table'), 'x')),
  'make a file in its directory': async () =>
    errorOf(() => writeFileSync(join(directory, SPY), '', { flag: 'wx' })),
  'make a network beside it': async () =>
    errorOf(() => writeFileSync(join(directory, '../..', SPY), '', { flag: 'wx' })),
  "move its switch's socket": async () => errorOf(() => renameSync(socket, `${socket}.moved`)),
  "remove its switch's socket": async () => errorOf(() => rmSync(socket)),
  'listen at a name in its directory': async () =>
    errorOf(async () => once(createServer().listen(join(directory, SPY)), 'listening')),
};

const commandAttempts: Record<string, Attempt> = {
  'join it by vmlet create': async () => command('create', SPY, '--image', 'micro', '--network', network),
  'connect a member to it': async () => command('network', 'connect', network, member),
  'capture it': async () => command('network', 'capture', network, '-o', '/dev/null'),
  'inspect it': async () => command('network', 'inspect', network),
  'partition it': async () => command('network', 'partition', network, member, SPY),
  'remove it': async () => command('network', 'rm', network),
};

const programAttempts: Record<string, Attempt> = {
  'plug a card in by vmlet-plug': plugIn,
  'serve it by vmlet-switch': async () => runToEnd(programs.networkSwitch, [directory], process.env),
};

const requestAttempts: Record<string, Attempt> = Object.fromEntries(
  ['list', 'capture', `capture ${member}`, 'reload', 'end', `plug ${SPY} ${MAC}`].map(
    (words): [string, Attempt] => [`have its switch answer to ${words}`, async () => request(words)],
  ),
);

switch (stage) {
  case 'closed':
    await tryAll({ ...fileAttempts, ...commandAttempts, ...programAttempts });
    break;
  case 'open':
    await tryAll({ ...requestAttempts, ...programAttempts });
    break;
  case 'squat':
    await tryAll({ "get a member's card in place of its switch": squat });
    break;
  default:
    throw new TypeError('STAGE TARGETS');
}
// Connections that succeeded are still open.
process.exit();

async function tryAll(attempts: Record<string, Attempt>): Promise<void> {
  for (const [attempt, run] of Object.entries(attempts)) {
    const found: Intrusion = { attempt, refusal: await run() };
    console.log(JSON.stringify(found));
  }
}

async function errorOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return '';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  }
}

async function command(...words: string[]): Promise<string> {
  const environment = { ...process.env, XDG_DATA_HOME: data };
  return runToEnd(process.execPath, [programs.vmlet, ...words], environment);
}

/** @returns its words if it fails; one that keeps running has succeeded. */
async function runToEnd(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const options = { env, timeout: 10 * PATIENCE_MS, killSignal: 'SIGKILL' as const };
    execFile(program, words, options, (error, _stdout, stderr) =>
      resolve(error && !error.killed ? stderr.trim() || `status ${String(error.code)}` : ''),
    );
  });
}

/** Such as the keeper starts it; its connection of QEMU's is a socket pair. */
async function plugIn(): Promise<string> {
  const starting = ['--start', directory, '2', programs.networkSwitch, directory];
  const words = [...starting, '--', programs.plug, directory, SPY, MAC];
  const child = spawn(programs.plug, words, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const said = text(child.stderr!);
  // Plugged in, it is silent for ever; refused, it tries again for ever.
  setTimeout(() => child.stdio[3]?.destroy(), PATIENCE_MS);
  await once(child, 'exit');
  return (await said).trim();
}

async function request(words: string): Promise<string> {
  const client = connect(socket);
  client.on('error', () => undefined);
  client.setTimeout(PATIENCE_MS, () => client.destroy());
  client.write(`1 ${words}\n`);
  const answer = await text(client).catch((error: unknown) => String(error));
  return answer.startsWith('{') ? '' : `closed ${answer}`;
}

/** Listens in the place of the network’s switch, until a plug has connected. */
async function squat(): Promise<string> {
  renameSync(socket, `${socket}.moved`);
  const server = createServer();
  server.listen({ path: socket, readableAll: true, writableAll: true });
  await once(server, 'listening');
  console.log('listening');
  const [client] = (await once(server, 'connection')) as [Socket];
  client.on('error', () => undefined);
  const [chunk] = (await Promise.race([once(client, 'data'), once(client, 'close')])) as [unknown];
  // Also removes the socket.
  server.close();
  renameSync(`${socket}.moved`, socket);
  return Buffer.isBuffer(chunk) ? '' : 'disconnected';
}
