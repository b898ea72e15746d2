import { parseSubnet } from '../../network/ethernet/subnet.ts';
import type { TakenSubnet } from '../../network/private/addresses.ts';
import { newSettings } from '../../network/private/network-options.ts';
import { Network } from './network.ts';

/** Options of `createNetwork`. */
export interface NetworkOptions {
  /**
   * At most 32 lower-case letters, digits and hyphens, and no hyphen at either end; also the domain of its
   * members' names. `network-N` by default.
   */
  readonly name?: string | undefined;
  /**
   * IPv4 subnet, from /16 to /30; by default the first of 10.77.0.0/24, 10.77.1.0/24, … that no open network of
   * this process and no interface of the host uses, or else the first. All of its addresses but three are for machines.
   */
  readonly subnet?: string | undefined;
  /** In bytes, from 576 to 65520; 1500 by default. */
  readonly mtu?: number | undefined;
}

/** Number of networks created by this process, for their default names. */
let count = 0;

/** Those of the networks that are not closed. The networks themselves can be collected. */
const subnets = new Set<TakenSubnet>();

/**
 * Creates a private network for machines of this process. Pass it to `launch` or `fork` in `networks`.
 * @throws InvalidInputError.
 */
export function createNetwork(options: NetworkOptions = {}): Network {
  // Tests that run at once may have networks of one subnet: only a machine in both would need different ones.
  const settings = newSettings(
    { ...options, name: options.name ?? `network-${count++}` },
    { range: '10.77', avoided: [...subnets] },
  );
  const own = { subnet: parseSubnet(settings.subnet), user: `network "${settings.name}"` };
  subnets.add(own);
  return new Network(settings, () => subnets.delete(own));
}
