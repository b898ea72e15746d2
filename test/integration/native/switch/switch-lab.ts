import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod';
import { compiled, sanitized } from '../../../../fixtures/compiled.ts';
import { until } from '../../../until.ts';
import {
  type StreamFrame,
  parseHardwareAddress,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';
import { FrameStream } from '../../../../src/network/ethernet/frame-stream.ts';
import { networkLayers, plugArguments } from '../../../../src/network/switch/plug-argv.ts';
import { probeConfinement } from '../../../../src/process/probe/confinement-probe.ts';
import { identifyProcess, isAlive } from '../../../../src/process/procfs/identity.ts';
import type { Scope } from '../../../../src/util/scope.ts';
import { directoryIn } from '../../../directory.ts';

const NATIVE = join(import.meta.dirname, '../../../../native');

/** A switch with sanitizers: every error shows in its exit status and its log. */
export async function sanitizedSwitch(): Promise<string> {
  return compiled(join(NATIVE, 'switch'), 'vmlet-switch-sanitized', sanitized());
}

const count = z.int().nonnegative();
const portSchema = z.strictObject({
  name: z.string(),
  mac: z.string(),
  framesSent: count,
  bytesSent: count,
  framesReceived: count,
  bytesReceived: count,
  dropped: count,
  lost: count,
  blocked: count,
  rejected: count,
  queued: count,
});
const answerSchema = z.union([
  z.strictObject({ result: z.record(z.string(), z.unknown()) }),
  z.strictObject({
    error: z.strictObject({ code: z.string(), message: z.string(), version: count.optional() }),
  }),
]);
const listSchema = z.strictObject({
  pid: count,
  ports: z.array(portSchema),
  captures: z.array(z.strictObject({ id: count, name: z.string().nullable(), packets: count, lost: count })),
});

export const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
/** The address of a card, by its number. */
export const mac = (number: number): string =>
  `52:54:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 0xff).toString(16).padStart(2, '0')}`;

/** A frame of `bytes` bytes without its length, or as long as its content. */
export function frame(from: string, to: string, content: string | Buffer, bytes?: number): StreamFrame {
  const header = Buffer.concat([
    Buffer.from(parseHardwareAddress(to) + parseHardwareAddress(from), 'latin1'),
    Buffer.from([0x88, 0xb5]),
  ]);
  return streamFrame(Buffer.concat([header, Buffer.from(content)], bytes));
}

/** The end of a cable that QEMU would hold. */
export class FakeQemu {
  readonly mac: string;
  readonly socket: Socket;
  readonly plug: ChildProcess;
  readonly received: StreamFrame[] = [];
  readonly #log: string;
  #ended = false;

  constructor(address: string, socket: Socket, plug: ChildProcess, log: string) {
    this.mac = address;
    this.socket = socket;
    this.plug = plug;
    this.#log = log;
    const stream = new FrameStream();
    socket.on('data', (chunk: Buffer) => this.received.push(...stream.push(chunk)));
    socket.on('error', () => undefined);
    socket.once('close', () => (this.#ended = true));
  }

  /** True when the switch has closed the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The plug's own messages. */
  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  send(to: string, content: string | Buffer, bytes?: number): void {
    this.socket.write(frame(this.mac, to, content, bytes));
  }

  /** The contents of the frames so far. */
  contents(): string[] {
    return this.received.map((one) => one.toString('latin1', 18).replace(/\0+$/, ''));
  }

  async gets(content: string): Promise<void> {
    await until(() => this.contents().includes(content), { awaited: `${this.mac} gets ${content}` });
  }

  /** The plug's exit status, when it ends. */
  async status(): Promise<number | null> {
    if (this.plug.exitCode === null && this.plug.signalCode === null) await once(this.plug, 'exit');
    return this.plug.exitCode;
  }
}

interface LabOptions {
  /** A plug that a busy host delays for longer finds no switch. */
  readonly lingerMs?: number;
  /** Replaces the switch; it is not confined then. */
  readonly program?: string;
  /** Changes the plug's command line. */
  readonly argv?: (argv: readonly string[]) => readonly string[];
  readonly uid?: number;
}

/** One network's directory, with plugs and fake QEMUs. */
export class SwitchLab {
  readonly directory: string;
  readonly #scope: Scope;
  readonly #options: LabOptions;
  readonly #qemus: FakeQemu[] = [];
  #begun = 0;

  constructor(parent: string, scope: Scope, options: LabOptions = {}) {
    this.directory = directoryIn(parent, 'n');
    this.#scope = scope;
    this.#options = options;
    scope.defer(async () => this.#end());
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  get log(): string {
    return existsSync(this.path('switch.log')) ? readFileSync(this.path('switch.log'), 'utf8') : '';
  }

  /** Replaces the table, as vmlet does. */
  write(...lines: readonly string[]): void {
    writeFileSync(this.path('table.new'), lines.map((line) => `${line}\n`).join(''));
    renameSync(this.path('table.new'), this.path('table'));
  }

  async reload(...lines: readonly string[]): Promise<void> {
    this.write(...lines);
    await this.result('reload');
  }

  async argv(name: string, address: string): Promise<readonly string[]> {
    const { lingerMs = 5000, program, argv } = this.#options;
    const layers = networkLayers(await probeConfinement());
    const words = plugArguments({ directory: this.directory, name, mac: address }, layers);
    const confined = switchOf(words);
    const unconfined = program === undefined ? confined : [program, this.directory];
    const all = withSwitch(words, [...unconfined, '--linger', String(lingerMs)]);
    return argv ? argv(all) : all;
  }

  /** Starts a plug. It may wait for its switch. */
  async begin(name: string, address: string): Promise<FakeQemu> {
    const number = this.#begun++;
    const path = join(this.directory, `qemu${number}`);
    const server = createServer({ pauseOnConnect: true }).listen(path);
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect(path);
    const [other] = await accepted;
    server.close();
    const log = join(this.directory, `plug${number}.log`);
    const descriptor = openSync(log, 'a', 0o600);
    const [program = '', ...argv] = await this.argv(name, address);
    const { uid } = this.#options;
    const plug = spawn(program, argv, {
      stdio: ['ignore', descriptor, descriptor, other],
      env: {},
      cwd: '/',
      ...(uid !== undefined && { uid, gid: uid }),
    });
    closeSync(descriptor);
    other.destroy();
    this.#scope.defer(async () => {
      socket.destroy();
      if (plug.exitCode !== null || plug.signalCode !== null) return;
      plug.kill('SIGKILL');
      await once(plug, 'exit');
    });
    const qemu = new FakeQemu(address, socket, plug, log);
    this.#qemus.push(qemu);
    return qemu;
  }

  unplugAll(): void {
    for (const { socket } of this.#qemus) socket.destroy();
  }

  /** Starts a plug, and waits until it has a port. */
  async plug(name: string, address: string): Promise<FakeQemu> {
    const qemu = await this.begin(name, address);
    await this.hasPort(address);
    return qemu;
  }

  async hasPort(address: string): Promise<void> {
    await until(
      async () => {
        const ports = (await this.list())?.ports ?? [];
        return ports.some((port) => port.mac === address);
      },
      { awaited: `${address} is plugged` },
    );
  }

  /** A connection for requests that has sent its line. */
  request(line: string): Socket {
    const socket = connect(this.path('switch.sock'));
    this.#scope.defer(() => void socket.destroy());
    socket.on('error', () => undefined);
    socket.write(`${line}\n`);
    return socket;
  }

  /** The whole answer, as text; empty if nothing answers. */
  async text(line: string): Promise<string> {
    const socket = this.request(line);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    // An error means that nothing listens, which is not a failure.
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }

  async answer(request: string): Promise<z.infer<typeof answerSchema>> {
    return answerSchema.parse(JSON.parse(await this.text(`1 ${request}`)));
  }

  async result(request: string): Promise<Record<string, unknown>> {
    const answer = await this.answer(request);
    if ('error' in answer) throw new Error(`${request}: ${answer.error.message}`);
    return answer.result;
  }

  /** Undefined without a switch. */
  async list(): Promise<z.infer<typeof listSchema> | undefined> {
    const text = await this.text('1 list');
    if (text === '') return undefined;
    return z.strictObject({ result: listSchema }).parse(JSON.parse(text)).result;
  }

  /** The names of all members with a port, sorted; undefined when no switch answers. */
  async names(): Promise<string | undefined> {
    return (await this.list())?.ports
      .map(({ name }) => name)
      .sort()
      .join();
  }

  async port(name: string): Promise<z.infer<typeof portSchema>> {
    const port = (await this.list())?.ports.find((one) => one.name === name);
    if (!port) throw new Error(`there is no port ${name}`);
    return port;
  }

  async switchPid(): Promise<number> {
    const pid = (await this.list())?.pid;
    if (pid === undefined) throw new Error('no switch answers');
    return pid;
  }

  /** All running switches of this network, whether or not they answer. */
  switches(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => {
        const words = commandLineOf(name);
        return words[0]?.includes('vmlet-switch') === true && words[1] === this.directory;
      })
      .map(Number);
  }

  /** Waits until it has exited by itself. */
  async isOver(): Promise<void> {
    await until(() => this.switches().length === 0, { awaited: 'the switch ends' });
  }

  async #end(): Promise<void> {
    for (const pid of this.switches()) {
      const identity = identifyProcess(pid);
      if (!identity) continue;
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(identity), { awaited: `${pid} ends` });
    }
  }
}

/** The words before the switch's: the program, --start, its directory and the number of the switch's words. */
const BEFORE_SWITCH = 4;

/** The command line with which a plug starts the switch. */
export function switchOf(plug: readonly string[]): string[] {
  return plug.slice(BEFORE_SWITCH, BEFORE_SWITCH + Number(plug[BEFORE_SWITCH - 1]));
}

/** The command line that a plug becomes when there is a switch. */
export function confinedPlugOf(plug: readonly string[]): string[] {
  return plug.slice(BEFORE_SWITCH + switchOf(plug).length + 1);
}

/** The same plug with another switch. */
export function withSwitch(plug: readonly string[], words: readonly string[]): string[] {
  const before = plug.slice(0, BEFORE_SWITCH - 1);
  return [...before, String(words.length), ...words, '--', ...confinedPlugOf(plug)];
}

function commandLineOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    // It has exited in the meantime.
    return [];
  }
}
