import { type NetworkMember, capacityOf, freeName, joinedMembership } from './addresses.ts';
import type { WantedMembership } from './membership.ts';
import type { NetworkSettings } from './network-record.ts';

/**
 * The machines that are or were in a network of this process. A machine that has ended keeps its name and its addresses
 * until another one asks for them.
 */
export class KnownMembers {
  readonly #settings: NetworkSettings;
  readonly #members = new Map<string, NetworkMember>();
  /** Names of those that have ended, in that order. */
  readonly #ended = new Set<string>();

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
      this.all.filter((member) => !this.#ended.has(member.name)),
    );
  }

  /**
   * Gives a machine its addresses: those that it asks for, otherwise those that it had, otherwise the lowest free ones.
   * @throws InvalidInputError when a name or an address is taken or not in the subnet, or the network is full.
   */
  join(name: string, wanted: WantedMembership): NetworkMember {
    const earlier = this.#members.get(name);
    const isKept = (member: NetworkMember): boolean =>
      !this.#ended.has(member.name) || (member !== earlier && !isAskedFor(member, name, wanted));
    const others = this.#withFreeAddress(this.all.filter(isKept));
    const member = { ...joinedMembership(this.#settings, others, { name, wanted, earlier }), name };
    for (const other of this.all) {
      if (other !== earlier && !others.includes(other)) this.#forget(other.name);
    }
    this.#members.set(name, member);
    this.#ended.delete(name);
    return member;
  }

  /** Leaves out the one that ended first if they have all addresses. */
  #withFreeAddress(others: NetworkMember[]): NetworkMember[] {
    if (others.length < capacityOf(this.#settings)) return others;
    const first = [...this.#ended].find((name) => others.some((one) => one.name === name));
    return others.filter(({ name }) => name !== first);
  }

  #forget(name: string): void {
    this.#members.delete(name);
    this.#ended.delete(name);
  }

  /** An alias is free at once, so that another machine can take over. */
  leave(name: string): void {
    const member = this.#members.get(name);
    if (!member) return;
    this.#ended.add(name);
    const { alias: _alias, ...rest } = member;
    this.#members.set(name, rest);
  }
}

/** Whether a machine asks for a name or an address of one that has ended. */
function isAskedFor(ended: NetworkMember, name: string, { alias, address, mac }: WantedMembership): boolean {
  const names = [name, alias].map((one) => one?.toLowerCase());
  return names.includes(ended.name.toLowerCase()) || ended.address === address || ended.mac === mac;
}
