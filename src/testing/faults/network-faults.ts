import { join } from 'node:path';
import * as z from 'zod';
import { FaultUnavailableError, InvalidInputError } from '../../errors/index.ts';
import { cardDevice } from '../../network/card/network-card.ts';
import { type NetworkCard, networkCards, setLink } from '../../machine/plan/planned-cards.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { ActiveFaults } from './active-faults.ts';
import type { Fault } from './fault.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import type { Shape } from './packet-delay.ts';
import { PacketRelay } from './packet-relay.ts';

/** The network cards that a fault affects. */
export interface CardOptions {
  /** `id` of a network card in `cards()`; all cards by default. */
  readonly card?: string | undefined;
}

/** Delay and loss of packets. */
export interface ShapeOptions extends CardOptions {
  /** Delay of each packet in milliseconds, each way: a round trip takes twice as long. 0 to 600 000; 0 by default. */
  readonly latencyMs?: number | undefined;
  /**
   * Random variation of the delay in milliseconds, evenly distributed. Packets keep their order. At most `latencyMs`; 0 by
   * default.
   */
  readonly jitterMs?: number | undefined;
  /** Percentage of packets lost at random, each way: 0 (the default) to 100. */
  readonly lossPercent?: number | undefined;
}

const schema = z.strictObject({
  card: z.string().optional(),
  latencyMs: z.number('expected milliseconds').min(0).max(600_000).default(0),
  jitterMs: z.number('expected milliseconds').min(0).max(600_000).default(0),
  lossPercent: z.number('expected a number from 0 to 100').min(0).max(100).default(0),
});

interface OnCards {
  readonly cards: readonly NetworkCard[];
}

/** Faults of a machine's network, from outside the guest. */
export class NetworkFaults {
  readonly #machine: RunningMachine;
  readonly #unplugged = new ActiveFaults<OnCards>(async (active) => this.#setLinks(active));
  readonly #shaped = new ActiveFaults<OnCards & { readonly shape: Shape }>(async (active) =>
    this.#setShapes(active),
  );
  readonly #downs = new Map<string, NetworkCard>();
  readonly #relays = new Map<string, PacketRelay>();

  constructor(machine: RunningMachine) {
    this.#machine = machine;
  }

  /** Returns the machine's connected network cards. */
  async cards(): Promise<NetworkCard[]> {
    const { qmp, plan, networks } = this.#machine;
    const spare = plan.cards.map((_, index) => cardDevice(index)).slice(networks.length);
    return (await networkCards(qmp)).filter(({ id }) => !spare.includes(id));
  }

  /**
   * Unplugs the cable: no packet passes, and the guest sees that the carrier is gone. Sent packets are lost.
   * @throws FaultUnavailableError for a machine without a network card, and for one whose packets do not pass through
   *   QEMU (passt with vhost-user); InvalidInputError for an unknown card.
   */
  async down(options: CardOptions = {}): Promise<Fault> {
    const { card } = parseOptions(schema.pick({ card: true }), options);
    return this.#unplugged.begin({ cards: await this.#choose('net.down', card) });
  }

  /** Plugs in every cable that `down` has unplugged. */
  async up(): Promise<void> {
    await this.#unplugged.endAll();
  }

  /**
   * Delays and drops packets. They pass through this process, which adds a little: the delay is a minimum, not exact. Of
   * two faults on one card the later one applies. When a fault begins or ends, packets in transit may be lost.
   * @throws FaultUnavailableError for a machine without a network card, and for one whose packets do not pass through
   *   QEMU (passt with vhost-user); InvalidInputError.
   */
  async shape(options: ShapeOptions): Promise<Fault> {
    const { card, ...shape } = parseOptions(schema, options);
    if (shape.jitterMs > shape.latencyMs) {
      throw new InvalidInputError('jitterMs', `${shape.jitterMs} exceeds latencyMs, ${shape.latencyMs}`);
    }
    return this.#shaped.begin({ cards: await this.#choose('net.shape', card), shape });
  }

  async #setLinks(active: readonly OnCards[]): Promise<void> {
    const { qmp } = this.#machine;
    const wanted = new Map(active.flatMap(({ cards }) => cards.map((card) => [card.id, card])));
    for (const [id, card] of this.#downs) {
      if (wanted.has(id)) continue;
      await setLink(qmp, card, true);
      this.#downs.delete(id);
    }
    for (const [id, card] of wanted) {
      if (this.#downs.has(id)) continue;
      await setLink(qmp, card, false);
      this.#downs.set(id, card);
    }
  }

  async #setShapes(active: readonly (OnCards & { readonly shape: Shape })[]): Promise<void> {
    const wanted = new Map(
      active.flatMap(({ cards, shape }) => cards.map((card) => [card.id, { card, shape }])),
    );
    for (const [id, relay] of this.#relays) {
      if (wanted.has(id)) continue;
      this.#relays.delete(id);
      await relay.remove();
    }
    for (const [id, { card, shape }] of wanted) {
      const relay = this.#relays.get(id);
      if (relay) relay.shape = shape;
      else this.#relays.set(id, await PacketRelay.insert(this.#machine.qmp, card, this.#socketPath, shape));
    }
  }

  async #choose(fault: string, card: string | undefined): Promise<NetworkCard[]> {
    const all = await this.cards();
    if (all.length === 0) {
      throw new FaultUnavailableError(fault, 'the machine has no network card', {
        hint: "leave out net: 'none' when you launch the machine or create its template",
      });
    }
    const chosen = card === undefined ? all : all.filter(({ id }) => id === card);
    if (chosen.length === 0) {
      throw new InvalidInputError('card', `no such network card: ${card ?? ''}`, {
        hint: `choose one of: ${all.map(({ id }) => id).join(', ')}`,
      });
    }
    const past = chosen.find((one) => this.#bypassesQemu(one));
    if (!past) return chosen;
    throw new FaultUnavailableError(
      fault,
      `packets of network card ${past.id} bypass QEMU, because passt reads them from the guest's memory (vhost-user)`,
      {
        hint: 'launch the machine with faults: true, or fork it from a template; packets then pass through QEMU',
      },
    );
  }

  /** True when packets bypass QEMU; an unplugged cable would end passt, too. */
  #bypassesQemu({ id }: NetworkCard): boolean {
    const { network, cards } = this.#machine.plan;
    return network?.backend === 'passt-vhost-user' && !cards.some((_, index) => cardDevice(index) === id);
  }

  get #socketPath(): string {
    return join(this.#machine.plan.directory.sockets, 'faults.sock');
  }
}
