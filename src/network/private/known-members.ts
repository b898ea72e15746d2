import { type NetworkMember, freeName, joinedMembership } from './addresses.ts';
import type { WantedMembership } from './membership.ts';
import type { NetworkSettings } from './network-record.ts';

/**
 * The machines that are or were in a network of this process. A machine that has ended keeps its name and its addresses
 * until another one asks for them.
 */
export class KnownMembers {
  readonly #settings: NetworkSettings;
  readonly #members = new Map<string, NetworkMember>();
  /** Names of those that are in the network, in the order in which they joined. */
  readonly #present = new Set<string>();

  constructor(settings: NetworkSettings) {
    this.#settings = settings;
  }

  /** All of them, in the order in which they first joined. */
  get all(): readonly NetworkMember[] {
    return [...this.#members.values()];
  }

  /** Returns the name, or another one while a member has it. */
  freeName(name: string): string {
    return freeName(
      name,
      this.all.filter((member) => this.#present.has(member.name)),
    );
  }

  /**
   * Gives a machine its addresses: those that it asks for, otherwise those that it had, otherwise the lowest free ones.
   * @throws InvalidInputError when a name or an address is taken or not in the subnet, or the network is full.
   */
  join(name: string, wanted: WantedMembership): NetworkMember {
    const earlier = this.#members.get(name);
    const others = this.all.filter(
      (member) => this.#present.has(member.name) || (member !== earlier && !isAskedFor(member, name, wanted)),
    );
    const member = { ...joinedMembership(this.#settings, others, { name, wanted, earlier }), name };
    for (const other of this.all) {
      if (other !== earlier && !others.includes(other)) this.#members.delete(other.name);
    }
    this.#members.set(name, member);
    this.#present.add(name);
    return member;
  }

  /** An alias is free at once, so that another machine can take over. */
  leave(name: string): void {
    this.#present.delete(name);
    const member = this.#members.get(name);
    if (!member) return;
    const { alias: _alias, ...rest } = member;
    this.#members.set(name, rest);
  }
}

/** Whether a machine asks for a name or an address of one that has ended. */
function isAskedFor(ended: NetworkMember, name: string, { alias, address, mac }: WantedMembership): boolean {
  const names = [name, alias].map((one) => one?.toLowerCase());
  return names.includes(ended.name.toLowerCase()) || ended.address === address || ended.mac === mac;
}
