import type { Seed } from './options.ts';
import type { SeedTarget } from './target.ts';

/** The network of a seed, version 2; undefined where there is no card to configure. */
export function networkConfig(
  { network }: Seed,
  { macAddress, provisioner }: SeedTarget,
): Record<string, unknown> | undefined {
  if (network !== 'dhcp') return { version: 2, ...network };
  if (macAddress === undefined) return undefined;
  // FreeBSD's compares it with what the system prints, which is in small letters.
  const card = { match: { macaddress: macAddress.toLowerCase() }, dhcp4: true };
  if (provisioner === 'nuageinit') return { version: 2, ethernets: { vtnet0: card } };
  return {
    version: 2,
    ethernets: {
      eth0: {
        ...card,
        dhcp6: true,
        'accept-ra': true,
        // Not all of cloud-init's renderers look the name up that the card has.
        'set-name': 'eth0',
      },
    },
  };
}
