import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { type Deferred, deferred } from '../../../src/util/time/deferred.ts';
import type { Lie } from './monitor-lies.ts';

/** The receivers: the keeper or QEMU’s launcher, on the monitor that it inherited; commands, on monitors with paths. */
export type Hearer = 'launcher' | 'command';

export interface Planned {
  readonly lie: Lie;
  readonly hearer: Hearer;
  /** The number of the message that QEMU sends to such a receiver, from 1. */
  readonly number: number;
}

interface Introduced {
  readonly socket: Socket;
  readonly commandLine: string;
}

interface Pair {
  readonly qemu?: Introduced;
  readonly vmlet?: Introduced;
}

const PATHS = /path=([^,]*\/(?:monitor|shell)\.sock),/g;

/**
 * A relay between QEMU and all clients of its monitors: forwards everything, counts QEMU’s messages, and replaces one
 * message. `relay.c` connects them to it.
 */
export class MonitorRelay {
  readonly #server: Server;
  readonly #waiting = new Map<string, Pair>();
  readonly #listeners: Server[] = [];
  readonly #open = new Set<Socket>();
  #heard: Record<Hearer, number> = { launcher: 0, command: 0 };
  #planned: Planned | undefined;
  #told = false;
  #telling: Deferred<void> = deferred();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#greet(socket));
  }

  static async listen(path: string): Promise<MonitorRelay> {
    const server = createServer({ allowHalfOpen: false });
    const relay = new MonitorRelay(server);
    server.listen(path);
    await once(server, 'listening');
    return relay;
  }

  /** Applies from now on, with a new count; undefined forwards everything. */
  plan(planned: Planned | undefined): void {
    this.#heard = { launcher: 0, command: 0 };
    this.#planned = planned;
    this.#told = false;
    this.#telling = deferred();
  }

  /** The number of messages that each receiver got since, or would have got. */
  get heard(): Readonly<Record<Hearer, number>> {
    return this.#heard;
  }

  /** True if the message was replaced. */
  get told(): boolean {
    return this.#told;
  }

  /** Resolves when the planned message is replaced, if it is. */
  get telling(): Promise<void> {
    return this.#telling.promise;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    for (const server of [...this.#listeners, this.#server]) {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #greet(socket: Socket): void {
    this.#own(socket);
    let line = '';
    const onData = (chunk: Buffer): void => {
      line += chunk.toString();
      if (!line.endsWith('\n')) return;
      socket.pause();
      socket.off('data', onData);
      void this.#introduce(socket, line);
    };
    socket.on('data', onData);
  }

  /** The keeper speaks first: QEMU continues only when both have identified themselves. */
  async #introduce(socket: Socket, line: string): Promise<void> {
    const [, who, pid = '', commandLine = ''] = /^(qemu|vmlet) (\d+) ?(.*)\n/s.exec(line) ?? [];
    const introduced = { socket, commandLine };
    const pair: Pair = {
      ...this.#waiting.get(pid),
      ...(who === 'vmlet' ? { vmlet: introduced } : { qemu: introduced }),
    };
    const { qemu, vmlet } = pair;
    if (!qemu || !vmlet) {
      this.#waiting.set(pid, pair);
      return;
    }
    this.#waiting.delete(pid);
    for (const [, path] of qemu.commandLine.matchAll(PATHS))
      if (path !== undefined) await this.#listenFor(path);
    qemu.socket.write('g');
    this.#join('launcher', qemu.socket, vmlet.socket);
  }

  async #listenFor(path: string): Promise<void> {
    rmSync(path, { force: true });
    const server = createServer();
    server.on('connection', (client) => {
      this.#own(client);
      client.pause();
      if (!existsSync(`${path}.true`)) {
        client.destroy();
        return;
      }
      const qemu = connect(`${path}.true`);
      this.#own(qemu);
      this.#join('command', qemu, client);
    });
    server.listen(path);
    this.#listeners.push(server);
    await once(server, 'listening');
  }

  #own(socket: Socket): void {
    this.#open.add(socket);
    // Either end may be killed at any time.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
  }

  #join(hearer: Hearer, qemu: Socket, vmlet: Socket): void {
    let stalled = false;
    let unfinished = '';
    const close = (): void => {
      qemu.destroy();
      vmlet.destroy();
    };
    qemu.on('data', (chunk: Buffer) => {
      const lines = (unfinished + chunk.toString('latin1')).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) {
        if (stalled) continue;
        const outcome = this.#pass(hearer, Buffer.from(`${line}\n`, 'latin1'), vmlet);
        if (outcome === 'stalls') stalled = true;
        if (outcome === 'closes') {
          stalled = true;
          // Earlier messages must arrive.
          vmlet.end(() => close());
        }
      }
    });
    vmlet.on('data', (chunk: Buffer) => void qemu.write(chunk));
    qemu.on('close', () => vmlet.end());
    vmlet.on('close', () => qemu.destroy());
    qemu.resume();
    vmlet.resume();
  }

  #pass(hearer: Hearer, message: Buffer, to: Socket): 'goes-on' | 'stalls' | 'closes' {
    const number = ++this.#heard[hearer];
    const planned = this.#planned;
    if (planned?.hearer !== hearer || planned.number !== number) {
      to.write(message);
      return 'goes-on';
    }
    this.#told = true;
    this.#telling.resolve();
    return planned.lie.tell(message.toString('utf8'), to);
  }
}
