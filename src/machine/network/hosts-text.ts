/** Maps each name to its address. */
export type NetworkNames = ReadonlyMap<string, string>;

/**
 * Returns the text of a hosts(5) file with the names of a network, replacing the earlier entries of that
 * network.
 * @param network identifies the network among the guest's others: its subnet.
 */
export function withNetworkNames(text: string, network: string, names: NetworkNames): string {
  const [begin, end] = [`# vmlet ${network}`, `# end of vmlet ${network}`];
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const [from, to] = [lines.indexOf(begin), lines.indexOf(end)];
  const others = from === -1 || to < from ? lines : [...lines.slice(0, from), ...lines.slice(to + 1)];
  const ours = [...names].map(([name, address]) => `${address} ${name}`);
  return `${[...others, begin, ...ours, end].join('\n')}\n`;
}
