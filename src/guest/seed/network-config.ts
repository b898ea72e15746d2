import type { Seed } from './seed-options.ts';
import type { SeedTarget } from './target.ts';

/** Returns the network configuration of a seed, version 2; undefined without a card to configure. */
export function networkConfig(
  { network }: Seed,
  { macAddress, provisioner }: SeedTarget,
): Record<string, unknown> | undefined {
  if (network !== 'dhcp') return { version: 2, ...network };
  if (macAddress === undefined) return undefined;
  // FreeBSD compares it with the system's output, which is in lower case.
  const card = { match: { macaddress: macAddress.toLowerCase() }, dhcp4: true };
  if (provisioner === 'nuageinit') return { version: 2, ethernets: { vtnet0: card } };
  return {
    version: 2,
    ethernets: {
      eth0: {
        ...card,
        dhcp6: true,
        'accept-ra': true,
        // Some renderers of cloud-init do not look up the card's present name.
        'set-name': 'eth0',
      },
    },
  };
}
