import { BlockList, isIP } from 'node:net';

/**
 * True for an IP address of a network.
 * @param network any of its addresses with the length of its prefix, as in `10.9.0.3/24`; other text has no addresses.
 */
export function isInNetwork(address: string, network: string): boolean {
  const [start = '', bits = ''] = network.split('/');
  const family = isIP(start);
  const length = Number(bits);
  if (family === 0 || family !== isIP(address) || !/^\d+$/.test(bits) || length > (family === 4 ? 32 : 128)) {
    return false;
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(start, length, type);
  return list.check(address, type);
}
