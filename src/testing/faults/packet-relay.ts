import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import type { NetworkCard } from '../../machine/plan/planned-cards.ts';
import { takeFrames } from '../../network/ethernet/socket-frames.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { Scope } from '../../util/scope.ts';
import { unlessEnded } from './fault.ts';
import { PacketDelay, QUEUE_BYTES, type Shape } from './packet-delay.ts';

/** QEMU's queues of a netdev: `rx` has packets from the guest, `tx` packets to it. */
const DIRECTIONS = ['rx', 'tx'] as const;

/**
 * Relays the packets of one card through this process, both ways: a filter of QEMU (filter-redirector) writes each to one
 * socket and reads those to forward from another.
 */
export class PacketRelay {
  readonly #delays: PacketDelay[] = [];
  readonly #scope = new Scope();
  #shape: Shape;

  private constructor(shape: Shape) {
    this.#shape = shape;
  }

  /**
   * @param socketPath path at which QEMU listens, since it may not connect; must be free, and is removed before this returns.
   * @throws QmpRefusedError when the card's netdev does not support filters.
   */
  static async insert(
    qmp: QmpClient,
    card: NetworkCard,
    socketPath: string,
    shape: Shape,
  ): Promise<PacketRelay> {
    const relay = new PacketRelay(shape);
    try {
      await relay.#connect(qmp, card, socketPath);
    } catch (error) {
      await relay.remove();
      throw error;
    }
    return relay;
  }

  set shape(shape: Shape) {
    this.#shape = shape;
    for (const delay of this.#delays) delay.shape = shape;
  }

  /** Removes the relay. Queued packets are delivered first. */
  async remove(): Promise<void> {
    for (const delay of this.#delays) delay.flush();
    await this.#scope.close();
  }

  async #connect(qmp: QmpClient, { id, netdev }: NetworkCard, socketPath: string): Promise<void> {
    for (const direction of DIRECTIONS) {
      const name = `${id}-faults-${direction}`;
      const out = await this.#addChannel(qmp, `${name}-out`, socketPath);
      const back = await this.#addChannel(qmp, `${name}-back`, socketPath);
      this.#join(out, back);
      await qmp.execute('object-add', {
        'qom-type': 'filter-redirector',
        id: name,
        netdev,
        queue: direction,
        outdev: `${name}-out`,
        indev: `${name}-back`,
      });
      this.#scope.defer(async () => unlessEnded(qmp.execute('object-del', { id: name })));
    }
  }

  async #addChannel(qmp: QmpClient, id: string, path: string): Promise<Socket> {
    await qmp.execute('chardev-add', {
      id,
      backend: {
        type: 'socket',
        data: { addr: { type: 'unix', data: { path } }, server: true, wait: false },
      },
    });
    this.#scope.defer(async () => unlessEnded(qmp.execute('chardev-remove', { id })));
    const socket = connect(path);
    // QEMU has exited; the machine reports its end.
    socket.on('error', () => undefined);
    this.#scope.defer(() => void socket.destroy());
    await once(socket, 'connect');
    unlinkSync(path);
    // Packets that a filter gets before QEMU has accepted are lost.
    while (!(await isAccepted(qmp, id))) continue;
    return socket;
  }

  #join(out: Socket, back: Socket): void {
    const delay = new PacketDelay(this.#shape, (packet) => {
      if (back.writable && back.writableLength <= QUEUE_BYTES) back.write(packet);
    });
    this.#delays.push(delay);
    this.#scope.defer(() => delay.close());
    takeFrames(out, (frame) => delay.push(frame));
    for (const socket of [out, back]) socket.on('close', () => delay.close());
  }
}

async function isAccepted(qmp: QmpClient, id: string): Promise<boolean> {
  const all = await qmp.execute('query-chardev');
  return all.some(({ label, filename }) => label === id && !filename.startsWith('disconnected:'));
}
