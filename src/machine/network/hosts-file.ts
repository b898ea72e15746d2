import { GuestFileError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { type NetworkNames, withNetworkNames } from './hosts-text.ts';

const PATH = '/etc/hosts';

/**
 * The hosts file of one guest, which every resolver reads, whatever else it asks: musl's, glibc's and systemd's. A guest
 * may write into it too.
 */
export class HostsFile {
  readonly #agent: GuestAgent;
  readonly #networks = new Map<string, NetworkNames>();
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(agent: GuestAgent) {
    this.#agent = agent;
  }

  /**
   * Settles when the guest knows the names. What comes while it is being told goes together, afterwards.
   * @throws GuestFileError, or what comes of a guest that is gone.
   */
  async tell(network: string, names: NetworkNames): Promise<void> {
    this.#networks.set(network, names);
    this.#next ??= this.#after(this.#last);
    await this.#next;
  }

  async #after(last: Promise<void>): Promise<void> {
    const written = last.then(async () => {
      this.#next = undefined;
      await this.#write();
    });
    // Whoever waits for it is told of a failure; it does not keep the next from being tried.
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #write(): Promise<void> {
    const before = await this.#read();
    const text = [...this.#networks].reduce(
      (hosts, [network, names]) => withNetworkNames(hosts, network, names),
      before,
    );
    if (text !== before) await this.#agent.push(text, PATH);
  }

  async #read(): Promise<string> {
    try {
      return (await this.#agent.readFile(PATH)).toString();
    } catch (error) {
      if (error instanceof GuestFileError && error.errno === 'ENOENT') return '';
      throw error;
    }
  }
}
