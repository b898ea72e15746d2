import { InvalidInputError } from '../../errors/index.ts';
import type { NetworkRecord } from './network-record.ts';

type Partitions = NetworkRecord['partitions'];

/**
 * Checks the groups of a partition.
 * @param members names of the network's machines.
 * @throws InvalidInputError for a name that is no member or in two groups, and for fewer than two groups.
 */
export function checkGroups(groups: readonly (readonly string[])[], members: readonly string[]): void {
  if (groups.length < 2 || groups.some((group) => group.length === 0)) {
    throw new InvalidInputError('groups', 'expected at least two groups of machines', {
      hint: 'for example, web and cache in one group, and db in another: web,cache db',
    });
  }
  const names = groups.flat();
  for (const name of names) checkMember(name, members, 'groups');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new InvalidInputError('groups', `machine ${JSON.stringify(twice)} is listed more than once`, {
      hint: 'list each machine once, in one group',
    });
}

/** @throws InvalidInputError for a name that no member has. */
export function checkMember(name: string, members: readonly string[], field: string): void {
  if (members.includes(name)) return;
  throw new InvalidInputError(field, `machine ${JSON.stringify(name)} is not in this network`, {
    hint: members.length === 0 ? 'no machine is in this network' : `choose from: ${members.join(', ')}`,
  });
}

/** Returns partitions after a member was renamed. Its new name may be left of a machine that was a member before. */
export function renameInPartitions(partitions: Partitions, name: string, newName: string): Partitions {
  return leavePartitions(partitions, newName).map((groups) =>
    groups.map((group) => group.map((one) => (one === name ? newName : one))),
  );
}

/** Returns partitions without a name, so that the next machine with this name is not cut off. */
export function leavePartitions(partitions: Partitions, name: string): Partitions {
  return partitions
    .map((groups) =>
      groups.map((group) => group.filter((one) => one !== name)).filter((group) => group.length > 0),
    )
    .filter((groups) => groups.length > 1);
}
