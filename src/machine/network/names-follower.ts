import { VmletError, isSystemError } from '../../errors/index.ts';
import type { Places } from '../../network/private/members.ts';
import { networkFiles } from '../../network/private/network-shelf.ts';
import { onReplacement } from '../../util/files/replacement.ts';
import type { Scope } from '../../util/scope.ts';
import type { HostsFile } from './hosts-file.ts';
import { linesOf } from './network-names.ts';

/** Keeps the names of a network's members in the hosts file of one guest up to date, until the scope closes. */
export class NamesFollower {
  readonly #hosts: HostsFile;
  readonly #places: Places;
  readonly #network: string;
  #told: string | undefined;

  constructor(hosts: HostsFile, places: Places, network: string, scope: Scope) {
    this.#hosts = hosts;
    this.#places = places;
    this.#network = network;
    // Each change of the members replaces the table of the switch.
    const { table } = networkFiles(places.networks, network);
    scope.defer(onReplacement(table, () => void this.#tellLater()));
  }

  /**
   * Gives the guest the names, if they differ from those that it has been given.
   * @throws GuestFileError, or the error of a guest that is gone.
   */
  async tell(): Promise<void> {
    const lines = linesOf(this.#places, this.#network);
    const text = lines?.join('\n');
    if (!lines || text === this.#told) return;
    this.#told = text;
    try {
      await this.#hosts.tell(this.#network, lines);
    } catch (error) {
      this.#told = undefined;
      throw error;
    }
  }

  /** A guest that is gone needs no names; one that cannot write the file keeps it. */
  async #tellLater(): Promise<void> {
    try {
      await this.tell();
    } catch (error) {
      if (!(error instanceof VmletError || isSystemError(error))) throw error;
    }
  }
}
