/**
 * QMP round trip and pipelined rate: this client, a bare socket loop, and the npm packages node-qemu and qemu-qmp.
 * They take turns on the only monitor of one QEMU, since each further monitor slows down QEMU’s reading.
 * Run: npx tsx test/bench/qmp/qmp.ts
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { type Socket, createConnection } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { run } from '../../../src/process/run.ts';
import { supervise } from '../../../src/process/supervise.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const ROUNDS = 40;
const ROUND_TRIPS = 200;
const PIPELINED = 1000;
const WINDOW = 8;

interface Contender {
  /** Runs one query-status. */
  roundTrip(): Promise<unknown>;
  /** Runs `count` of them, as many at once as possible. */
  pipelined(count: number): Promise<void>;
  close(): Promise<void> | void;
}

export interface QmpBenchSide {
  readonly name: string;
  /** Microseconds a round trip, the median of each round. */
  readonly roundTripUs: readonly number[];
  /** Commands a second, of each round. */
  readonly pipelinedPerSecond: readonly number[];
}

export interface QmpBench {
  readonly sides: readonly QmpBenchSide[];
  /**
   * The speed relative to the bare loop, above 1 is faster: the median of the rounds’ ratios, since the two sides of a round
   * share the noise of the host.
   */
  readonly ratios: readonly {
    readonly name: string;
    readonly roundTrip: number;
    readonly pipelined: number;
  }[];
  /** Peers that could not take part, and the reasons. */
  readonly skipped: readonly string[];
}

export async function benchQmp(): Promise<QmpBench> {
  await using scope = new Scope();
  const { path: directory, remove } = makeTemporaryDirectory();
  scope.defer(remove);
  const skipped: string[] = [];
  const peers = await installPeers(directory, skipped);
  const starts: (readonly [string, (path: string) => Promise<Contender>])[] = [
    ['bare', bareLoop],
    ['vmlet', vmlet],
    ...peers,
  ];
  const path = join(directory, 'qmp');
  supervise(
    [
      'qemu-system-x86_64',
      ...['-machine', 'none', '-nodefaults', '-no-user-config', '-display', 'none', '-S'],
      ...['-qmp', `unix:${path},server=on,wait=off`],
    ],
    { environment: { PATH: process.env['PATH'] ?? '' } },
    scope,
  );
  while (!existsSync(path)) await delay(10);

  const results = new Map<string, { roundTripUs: number[]; pipelinedPerSecond: number[] }>();
  for (let round = 0; round < ROUNDS; round++) {
    // A different order each round, so that no side always follows the same one.
    for (let turn = 0; turn < starts.length; turn++) {
      const [name, start] = starts[(round + turn) % starts.length]!;
      const contender = await start(path);
      const result = results.get(name) ?? { roundTripUs: [], pipelinedPerSecond: [] };
      results.set(name, result);
      await measureRoundTrip(contender);
      result.roundTripUs.push(await measureRoundTrip(contender));
      const started = performance.now();
      await contender.pipelined(PIPELINED);
      result.pipelinedPerSecond.push(PIPELINED / ((performance.now() - started) / 1000));
      await contender.close();
    }
  }
  const sides = starts.map(([name]) => ({ name, ...results.get(name)! }));
  const bare = sides[0]!;
  const ratios = sides.slice(1).map((side) => ({
    name: side.name,
    roundTrip: median(side.roundTripUs.map((time, round) => bare.roundTripUs[round]! / time)),
    pipelined: median(side.pipelinedPerSecond.map((rate, round) => rate / bare.pipelinedPerSecond[round]!)),
  }));
  return { sides, ratios, skipped };
}

async function measureRoundTrip(contender: Contender): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < ROUND_TRIPS; count++) {
    const started = performance.now();
    await contender.roundTrip();
    times.push(performance.now() - started);
  }
  return median(times) * 1000;
}

/**
 * The minimum that a program can do with vmlet’s bytes: write them, read to the end of the line, parse. QEMU takes
 * 4 µs a byte, so an id (which safe pipelining needs) costs as much as all of a client’s work.
 */
async function bareLoop(path: string): Promise<Contender> {
  const socket: Socket = createConnection({ path });
  let text = '';
  let onLine: (line: string) => void = () => undefined;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      onLine(line);
    }
  });
  const nextLine = async (): Promise<string> => new Promise((resolve) => (onLine = resolve));
  await nextLine();
  socket.write('{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}');
  await nextLine();
  const request = '{"execute":"query-status"}';
  const pipelinedRequest = '{"execute":"query-status","id":1}';
  return {
    roundTrip: async () => {
      const line = nextLine();
      socket.write(request);
      return JSON.parse(await line) as unknown;
    },
    pipelined: async (count) =>
      new Promise((resolve) => {
        let sent = 0;
        let received = 0;
        onLine = (line) => {
          JSON.parse(line);
          if (sent < count) {
            sent++;
            socket.write(pipelinedRequest);
          }
          if (++received === count) resolve();
        };
        for (; sent < Math.min(WINDOW, count); sent++) socket.write(pipelinedRequest);
      }),
    close: () => void socket.destroy(),
  };
}

async function vmlet(path: string): Promise<Contender> {
  const client = await QmpClient.connect(path);
  return {
    roundTrip: async () => client.execute('query-status'),
    pipelined: async (count) => {
      await Promise.all(Array.from({ length: count }, async () => client.execute('query-status')));
    },
    close: async () => client.close(),
  };
}

interface NodeQemu {
  readonly QMPClient: new (options: { socketPath: string }) => {
    connect(): Promise<void>;
    close(): Promise<void> | void;
    execute(command: string): Promise<unknown>;
  };
}

interface QemuQmp {
  connect(path: string, callback: (error: Error | null) => void): void;
  execute(command: string, callback: (error: Error | null, value: unknown) => void): void;
  destroy(): void;
}

async function installPeers(
  directory: string,
  skipped: string[],
): Promise<(readonly [string, (path: string) => Promise<Contender>])[]> {
  try {
    await run(
      [
        'npm',
        'install',
        '--no-save',
        '--no-audit',
        '--prefix',
        directory,
        'node-qemu@1.3.0',
        'qemu-qmp@0.5.0',
      ],
      { cwd: directory, timeoutMs: 120_000 },
    );
  } catch (error) {
    skipped.push(`node-qemu, qemu-qmp: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  const load = createRequire(join(directory, 'index.js'));
  return [
    ['node-qemu', async (path) => nodeQemu(path, load('node-qemu') as NodeQemu)],
    ['qemu-qmp', async (path) => qemuQmp(path, load('qemu-qmp') as new () => QemuQmp)],
  ];
}

async function nodeQemu(path: string, { QMPClient }: NodeQemu): Promise<Contender> {
  const client = new QMPClient({ socketPath: path });
  await client.connect();
  return {
    roundTrip: async () => client.execute('query-status'),
    pipelined: async (count) => {
      await Promise.all(Array.from({ length: count }, async () => client.execute('query-status')));
    },
    close: async () => client.close(),
  };
}

async function qemuQmp(path: string, Client: new () => QemuQmp): Promise<Contender> {
  const client = new Client();
  await new Promise<void>((resolve, reject) => {
    client.connect(path, (error) => (error ? reject(error) : resolve()));
  });
  const roundTrip = async (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      client.execute('query-status', (error, value) => (error ? reject(error) : resolve(value)));
    });
  return {
    roundTrip,
    pipelined: async (count) => {
      await Promise.all(Array.from({ length: count }, roundTrip));
    },
    close: () => client.destroy(),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
}

/** The table for people; the raw numbers are in `sides`. */
export function describeQmpBench({ sides, ratios, skipped }: QmpBench): string {
  const lines = sides.map((side) => {
    const ratio = ratios.find(({ name }) => name === side.name);
    return [
      side.name.padEnd(10),
      `round trip ${median(side.roundTripUs).toFixed(0)} µs (${spread(side.roundTripUs)})`,
      `pipelined ${median(side.pipelinedPerSecond).toFixed(0)}/s (${spread(side.pipelinedPerSecond)})`,
      ...(ratio ? [`against bare ${ratio.roundTrip.toFixed(3)}, ${ratio.pipelined.toFixed(3)}`] : []),
    ].join('   ');
  });
  return [...lines, ...skipped.map((reason) => `skipped ${reason}`)].join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = await benchQmp();
  console.log(describeQmpBench(result));
  await mkdir('bench-results', { recursive: true });
  await writeFile('bench-results/qmp.json', `${JSON.stringify(result, null, 2)}\n`);
}
