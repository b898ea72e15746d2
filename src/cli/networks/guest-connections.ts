import type { Duplex } from 'node:stream';
import {
  GuestClosedError,
  INSTALL_AGENT,
  InvalidInputError,
  MachineEndedError,
  MachineStateError,
} from '../../errors/index.ts';
import { type GuestChannel, MachineStore, type VmletChannel } from '../../machines/index.ts';
import { GuestStream } from './guest-stream.ts';
import type { ProxyTarget } from './proxy-target.ts';

const ANSWER_MS = 10_000;
/** Errors of a channel that was lost. */
const LOSSES = [GuestClosedError, MachineEndedError, MachineStateError];

/** Connections to ports of guests, over one channel to each machine. */
export class GuestConnections implements AsyncDisposable {
  readonly #signal: AbortSignal;
  readonly #channels = new Map<string, Promise<VmletChannel>>();

  /** @param signal ends attempts to connect. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Connects to a port of the guest's loopback interface. Destroying the stream closes the connection.
   * @throws MachineStateError, TimedOutError, GuestRequestError, InvalidInputError without vmlet's agent.
   */
  async open(target: ProxyTarget): Promise<Duplex> {
    const known = this.#channels.get(target.machine);
    if (known) {
      try {
        return await this.#connect(await known, target.port);
      } catch (error) {
        // The guest may have started again.
        if (!LOSSES.some((loss) => error instanceof loss)) throw error;
        this.#forget(target.machine, known);
      }
    }
    return this.#connect(await this.#channelTo(target.machine), target.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const channels = await Promise.allSettled(this.#channels.values());
    this.#channels.clear();
    for (const channel of channels) {
      if (channel.status === 'fulfilled') await channel.value[Symbol.asyncDispose]();
    }
  }

  async #channelTo(machine: string): Promise<VmletChannel> {
    const known = this.#channels.get(machine);
    if (known) return known;
    const opened = this.#openChannel(machine);
    this.#channels.set(machine, opened);
    opened.catch(() => this.#forget(machine, opened));
    return opened;
  }

  async #openChannel(machine: string): Promise<VmletChannel> {
    const live = new MachineStore().get(machine).live();
    const channel: GuestChannel = await live.openGuest({
      timeoutMs: ANSWER_MS,
      signal: this.#signal,
      // A proxy leads to servers, which can tell what they lack.
      allowMissingMounts: true,
    });
    if (channel.kind === 'vmlet') return channel;
    await channel[Symbol.asyncDispose]();
    throw new InvalidInputError(`machine "${machine}"`, "vmlet's agent is not running in the guest", {
      hint: `${INSTALL_AGENT}, or create the machine from an image with cloud-init, such as debian:13`,
    });
  }

  #forget(machine: string, channel: Promise<VmletChannel>): void {
    if (this.#channels.get(machine) === channel) this.#channels.delete(machine);
    void channel.then(
      async (open) => open[Symbol.asyncDispose](),
      () => undefined,
    );
  }

  async #connect({ agent }: VmletChannel, port: number): Promise<Duplex> {
    return new GuestStream(await agent.connect(port, { timeoutMs: ANSWER_MS, signal: this.#signal }));
  }
}
