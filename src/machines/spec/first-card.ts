import { InvalidInputError } from '../../errors/index.ts';
import { refuseMac } from '../../machine/spec/machine-options.ts';
import type { MachineSpec } from './machine-spec.ts';

/**
 * Checks the MAC address of a machine's first card.
 * @param field the option that was given.
 * @throws InvalidInputError for an address that another card of the machine has; without a first card, for any address.
 */
export function checkFirstCard(
  { net, mac, networks = [] }: Pick<MachineSpec, 'net' | 'mac' | 'networks'>,
  field: 'mac' | 'networks' | 'network',
): void {
  if (net === 'none') {
    if (field === 'mac') refuseMac({ mac });
    return;
  }
  const other = networks.find((membership) => membership.mac === mac);
  if (!other) return;
  throw new InvalidInputError(
    field,
    field === 'mac'
      ? `${mac} is taken by the machine's card in network "${other.network}"`
      : `MAC address ${mac} is taken by the machine's first network card`,
    { hint: 'choose another MAC address' },
  );
}
