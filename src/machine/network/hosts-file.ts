import type { GuestAgent } from '../../guest/agent/agent.ts';
import { readGuestText } from '../../guest/guest-text.ts';
import { withNetworkNames } from './hosts-text.ts';

const PATH = '/etc/hosts';
/** Far more than the names of all members of a network. */
const MOST_BYTES = 1024 * 1024;

/**
 * The hosts file of one guest. Every resolver reads it: those of musl, glibc and systemd. The guest may write
 * to it too.
 */
export class HostsFile {
  readonly #agent: GuestAgent;
  readonly #networks = new Map<string, readonly string[]>();
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(agent: GuestAgent) {
    this.#agent = agent;
  }

  /**
   * Resolves when the guest has the lines of the network. Updates that arrive during a write are written together
   * afterwards.
   * @throws GuestFileError, or the error of a guest that is gone.
   */
  async tell(network: string, lines: readonly string[]): Promise<void> {
    this.#networks.set(network, lines);
    this.#next ??= this.#after(this.#last);
    await this.#next;
  }

  async #after(last: Promise<void>): Promise<void> {
    const written = last.then(async () => {
      this.#next = undefined;
      await this.change((text) =>
        [...this.#networks].reduce(
          (hosts, [network, lines]) => withNetworkNames(hosts, network, lines),
          text,
        ),
      );
    });
    // A failure is reported to the callers that wait for it; it does not prevent the next attempt.
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Replaces the file if that changes it. @throws as `tell` does. */
  async change(edit: (text: string) => string): Promise<void> {
    const before = await this.#read();
    const text = edit(before);
    if (text !== before) await this.#agent.push(text, PATH);
  }

  async #read(): Promise<string> {
    return readGuestText(this.#agent, PATH, { mostBytes: MOST_BYTES });
  }
}
