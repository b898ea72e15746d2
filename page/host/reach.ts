import type { Network } from '../api/types.ts';

/** Returns the members that a member reaches: a partition separates those that are in different groups of it. */
export function reachableFrom(name: string, { members, partitions }: Network): string[] {
  const areSeparate = (other: string): boolean =>
    partitions.some((groups) => {
      const [mine, theirs] = [name, other].map((one) => groups.findIndex((group) => group.includes(one)));
      return mine !== -1 && theirs !== -1 && mine !== theirs;
    });
  return members.map((member) => member.name).filter((other) => other !== name && !areSeparate(other));
}
