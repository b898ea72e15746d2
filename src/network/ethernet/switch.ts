import {
  ETHERNET_HEADER_BYTES,
  type HardwareAddress,
  LENGTH_BYTES,
  type StreamFrame,
  destinationOf,
  isGroup,
  sourceOf,
} from './frame.ts';

/** A port of the switch. */
export interface SwitchPort {
  /** Name of the port's machine: cuts apply to every later port with the same name. */
  readonly name: string;
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
 * A learning Ethernet switch: a frame goes to the port on which its destination was last seen, or to all
 * ports.
 */
export class EthernetSwitch {
  readonly #answer: EthernetSwitchOptions['answer'];
  /** The source addresses seen on each port, oldest first. */
  readonly #ports = new Map<SwitchPort, Set<HardwareAddress>>();
  readonly #places = new Map<HardwareAddress, SwitchPort>();
  readonly #cut = new Set<string>();

  constructor({ answer }: EthernetSwitchOptions = {}) {
    this.#answer = answer;
  }

  plugIn(port: SwitchPort): void {
    this.#ports.set(port, new Set());
  }

  unplug(port: SwitchPort): void {
    for (const address of this.#ports.get(port) ?? []) this.#places.delete(address);
    this.#ports.delete(port);
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

  receive(from: SwitchPort, frame: StreamFrame): void {
    if (frame.length < LENGTH_BYTES + ETHERNET_HEADER_BYTES || !this.#ports.has(from)) return;
    this.#learn(sourceOf(frame), from);
    const destination = destinationOf(frame);
    const to = this.#places.get(destination);
    if (to) {
      if (to !== from) this.#pass(from, to, frame);
      return;
    }
    for (const port of this.#ports.keys()) if (port !== from) this.#pass(from, port, frame);
    const answer = isGroup(destination) ? this.#answer?.(frame) : undefined;
    if (answer) from.deliver(answer);
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
    if (!this.#cut.has(cutKey(from.name, to.name))) to.deliver(frame);
  }
}

/** Names have no spaces. */
function cutKey(from: string, to: string): string {
  return `${from} ${to}`;
}
