import { REQUESTED_BACKENDS } from '../../network/plan/network.ts';
import { MEMBERSHIP_KEYS } from '../../network/private/membership.ts';
import { isOutsideCard } from '../../network/private/network-name.ts';
import type { FlagWords } from './option-flag.ts';

/** The networks that QEMU can have without root's help; `auto` chooses one. */
export const NETS = [...REQUESTED_BACKENDS, 'none'] as const;

/** The flag of `net` and `networks`, each of whose values describes a network card. */
const FLAG = '--net, --network';

/**
 * The flag of `net` for machines that can join private networks, which are its other values.
 * @param kinds the values of `net`, as in `auto, passt or none`.
 */
export function networkFlag(kinds: string): FlagWords {
  const options = MEMBERSHIP_KEYS.map((key) => `${key}=`).join(',');
  return {
    flag: `${FLAG} <net>`,
    group: 'Network',
    description: `network of the guest: ${kinds} (auto is passt if it works for the machine, else slirp); or a private network to join: NAME[:${options}]; repeatable`,
    rest: { option: 'networks', isOwn: isOutsideCard },
  };
}

/** The flag of `net` for guests that join no private networks. */
export const ONLY_NET: FlagWords = {
  flag: `${FLAG} <kind>`,
  group: 'Network',
  description: 'network of the guest; auto is passt if it works for the machine, else slirp',
};
