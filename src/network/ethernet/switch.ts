import type { Capture } from './capture.ts';
import {
  ETHERNET_HEADER_BYTES,
  type HardwareAddress,
  LENGTH_BYTES,
  type StreamFrame,
  destinationOf,
  isGroup,
  sourceOf,
} from './ethernet-frame.ts';

/** A port of the switch. */
export interface SwitchPort {
  /** Name of the port's machine: cuts apply to every later port with the same name. */
  readonly name: string;
  /** Address of its machine's card. */
  readonly card: HardwareAddress;
  /** Sends a frame, or drops it when too much is queued. */
  deliver(frame: StreamFrame): void;
}

export interface EthernetSwitchOptions {
  /**
   * Answers broadcast frames; the reply goes to the port that asked. The frames are forwarded all the same.
   */
  readonly answer?: ((frame: StreamFrame) => StreamFrame | undefined) | undefined;
}

/** A guest can claim many addresses, and must not fill our memory with them. */
const ADDRESSES_A_PORT = 1024;

/**
 * A learning Ethernet switch: a frame goes to the port whose card has its destination, or on which that was last seen as a
 * source, or to all ports. No port can take the address of another port's card, and so divert its frames.
 */
export class EthernetSwitch {
  readonly #answer: EthernetSwitchOptions['answer'];
  /** The source addresses seen on each port, oldest first. */
  readonly #ports = new Map<SwitchPort, Set<HardwareAddress>>();
  readonly #places = new Map<HardwareAddress, SwitchPort>();
  readonly #cards = new Map<HardwareAddress, SwitchPort>();
  readonly #cut = new Set<string>();
  readonly #captures = new Set<Capture>();

  constructor({ answer }: EthernetSwitchOptions = {}) {
    this.#answer = answer;
  }

  plugIn(port: SwitchPort): void {
    this.#ports.set(port, new Set());
    this.#cards.set(port.card, port);
  }

  unplug(port: SwitchPort): void {
    for (const address of this.#ports.get(port) ?? []) this.#places.delete(address);
    this.#ports.delete(port);
    if (this.#cards.get(port.card) === port) this.#cards.delete(port.card);
  }

  /** Blocks traffic between the ports of two names. */
  cut(one: string, other: string): void {
    this.#cut.add(cutKey(one, other));
    this.#cut.add(cutKey(other, one));
  }

  /** Removes all blocks. */
  heal(): void {
    this.#cut.clear();
  }

  /** Records frames until the capture's file is closed. */
  capture(capture: Capture): void {
    this.#captures.add(capture);
    capture.file.once('close', () => this.#captures.delete(capture));
  }

  /** Ends the files of all captures. */
  endCaptures(): void {
    for (const capture of this.#captures) capture.end();
    this.#captures.clear();
  }

  receive(from: SwitchPort, frame: StreamFrame): void {
    if (frame.length < LENGTH_BYTES + ETHERNET_HEADER_BYTES || !this.#ports.has(from)) return;
    const source = sourceOf(frame);
    const owner = this.#cards.get(source);
    if (owner && owner !== from) return;
    if (!owner) this.#learn(source, from);
    for (const capture of this.#captures) capture.record(from.name, frame);
    const destination = destinationOf(frame);
    const to = this.#cards.get(destination) ?? this.#places.get(destination);
    if (to) {
      if (to !== from) this.#pass(from, to, frame);
      return;
    }
    for (const port of this.#ports.keys()) if (port !== from) this.#pass(from, port, frame);
    const answer = isGroup(destination) ? this.#answer?.(frame) : undefined;
    if (!answer) return;
    for (const capture of this.#captures) capture.record(from.name, answer);
    from.deliver(answer);
  }

  #learn(address: HardwareAddress, port: SwitchPort): void {
    const known = this.#ports.get(port);
    if (!known || isGroup(address)) return;
    const before = this.#places.get(address);
    if (before === port) return;
    if (before) this.#ports.get(before)?.delete(address);
    this.#places.set(address, port);
    known.add(address);
    if (known.size <= ADDRESSES_A_PORT) return;
    const [oldest] = known;
    if (oldest === undefined) return;
    known.delete(oldest);
    this.#places.delete(oldest);
  }

  #pass(from: SwitchPort, to: SwitchPort, frame: StreamFrame): void {
    if (this.#cut.has(cutKey(from.name, to.name))) return;
    for (const capture of this.#captures) capture.recordDelivery(from.name, to.name, frame);
    to.deliver(frame);
  }
}

/** Names have no spaces. */
function cutKey(from: string, to: string): string {
  return `${from} ${to}`;
}
