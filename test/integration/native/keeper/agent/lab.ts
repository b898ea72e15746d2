import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { until } from '../../../../until.ts';
import { GuestAgent } from '../../../../../src/guest/agent/agent.ts';
import {
  FrameDecoder,
  FrameType,
  type Frame,
  encodeFrame,
} from '../../../../../src/guest/agent/agent-frame.ts';
import { decodeHello, encodeOpen } from '../../../../../src/guest/agent/greeting.ts';
import type { KeeperOptions, StartedKeeper } from '../../../../../src/process/keeper.ts';
import type { Scope } from '../../../../../src/util/scope.ts';
import { KeeperLab } from '../keeper-lab.ts';

const GUEST = join(import.meta.dirname, '../../../../../fixtures/keeper/guest.mjs');

/** Ends a keeper that was built with sanitizers, which must not have reported anything. */
export async function closeSanitized({ lab }: Switchboard, scope: Scope): Promise<void> {
  await scope.close();
  if (existsSync(lab.path('qemu.log'))) expect(lab.text('qemu.log')).not.toMatch(/Sanitizer|runtime error/);
}

/** A keeper with a simulated machine: the agent’s own program on its port, or the test itself. */
export class Switchboard {
  readonly keeper: StartedKeeper;
  readonly lab: KeeperLab;
  readonly #guestPath: string;
  readonly #scope: Scope;

  private constructor(
    keeperPath: string,
    parent: string,
    scope: Scope,
    agent: string | undefined,
    more: (lab: KeeperLab) => Partial<KeeperOptions>,
  ) {
    this.lab = new KeeperLab(keeperPath, parent, scope);
    this.#guestPath = this.lab.path('guest.sock');
    this.#scope = scope;
    this.keeper = this.lab.start(
      [process.execPath, GUEST, this.#guestPath, ...(agent === undefined ? [] : [agent])],
      more(this.lab),
    );
  }

  /** @param more additional options of the keeper. */
  static async start(
    keeperPath: string,
    parent: string,
    scope: Scope,
    agent?: string,
    more: (lab: KeeperLab) => Partial<KeeperOptions> = () => ({}),
  ): Promise<Switchboard> {
    const board = new Switchboard(keeperPath, parent, scope, agent, more);
    await board.keeper.negotiated;
    await until(() => existsSync(`${board.#guestPath}.control`), {
      awaited: 'the guest can be told what to do',
    });
    return board;
  }

  /** A client’s connection, without a session. */
  async connect(): Promise<Socket> {
    return this.#connect(this.lab.agentPath);
  }

  async attach(): Promise<GuestAgent> {
    return GuestAgent.attach(await this.connect(), { timeoutMs: 60_000 });
  }

  /** A client that speaks in frames, and has requested a session. */
  async open(): Promise<Peer> {
    const socket = await this.connect();
    socket.write(encodeOpen(Buffer.from('a client')));
    return new Peer(socket);
  }

  /** The same, with a session. */
  async client(): Promise<Peer> {
    const peer = await this.open();
    await peer.next(FrameType.hello);
    return peer;
  }

  /** The test acts as the guest. */
  async guest(): Promise<HostileGuest> {
    await until(() => existsSync(this.#guestPath), { awaited: 'the guest is there' });
    return new HostileGuest(await this.#connect(this.#guestPath));
  }

  /** Sends a command to the simulated machine; see fixtures/keeper/guest.mjs. */
  async control(line: string): Promise<void> {
    const socket = await this.#connect(`${this.#guestPath}.control`);
    socket.end(`${line}\n`);
  }

  async portChanged(open: boolean, at = Date.now()): Promise<void> {
    const timestamp = { seconds: Math.floor(at / 1000), microseconds: (at % 1000) * 1000 };
    await this.control(JSON.stringify({ timestamp, event: 'VSERPORT_CHANGE', data: { open, id: 'agent' } }));
  }

  async jobChanged(id: string, status: string): Promise<void> {
    const timestamp = { seconds: 0, microseconds: 0 };
    await this.control(JSON.stringify({ timestamp, event: 'JOB_STATUS_CHANGE', data: { id, status } }));
  }

  async #connect(path: string): Promise<Socket> {
    const socket = connect(path);
    socket.on('error', () => undefined);
    this.#scope.defer(() => void socket.destroy());
    await once(socket, 'connect');
    return socket;
  }
}

/** One end of a connection in frames. */
export class Peer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new FrameDecoder();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of decoder.push(chunk)) {
        this.take({ ...frame, payload: Buffer.from(frame.payload) });
      }
    });
  }

  send(type: number, flag: number, channel: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.socket.write(encodeFrame(type, flag, channel, payload));
  }

  /** Returns the first frame of the type, received earlier or later. */
  async next(type: number): Promise<Frame> {
    let found = -1;
    await until(() => (found = this.frames.findIndex((frame) => frame.type === type)) >= 0, {
      awaited: `frame ${type} comes`,
    });
    return this.frames.splice(found, 1)[0]!;
  }

  protected take(frame: Frame): void {
    this.frames.push(frame);
  }
}

/** An agent that only answers each OPEN. */
export class HostileGuest extends Peer {
  /** The version that it speaks; 0: another one than ours. */
  version = 1;
  /** How often it was opened. */
  opens = 0;

  protected override take(frame: Frame): void {
    if (frame.type !== FrameType.open) {
      super.take(frame);
      return;
    }
    this.opens += 1;
    this.socket.write(encodeHello(frame.payload.subarray(0, 8), this.version));
  }

  /** Reports on its own that it has started. */
  greet(): void {
    this.socket.write(encodeHello(Buffer.alloc(8), 1, 1));
  }
}

export function encodeHello(nonce: Buffer, version: number, reason = 0): Buffer {
  const payload = Buffer.alloc(24);
  nonce.copy(payload);
  payload.writeUInt16LE(version, 8);
  payload.writeUInt16LE(1, 10);
  payload.writeUInt16LE(1, 12);
  payload.writeUInt8(reason, 14);
  return encodeFrame(FrameType.hello, 0, 0, payload);
}

export function reasonOf(frame: Frame): string | undefined {
  return decodeHello(frame)?.reason;
}
