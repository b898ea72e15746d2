/** Who has which address. */
export type NetworkNames = ReadonlyMap<string, string>;

/**
 * The text of a hosts(5) file with the names of a network in it, in place of what it said of that network before.
 * @param network tells it from the guest's other networks: its subnet.
 */
export function withNetworkNames(text: string, network: string, names: NetworkNames): string {
  const [begin, end] = [`# vmlet ${network}`, `# end of vmlet ${network}`];
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const [from, to] = [lines.indexOf(begin), lines.indexOf(end)];
  const others = from === -1 || to < from ? lines : [...lines.slice(0, from), ...lines.slice(to + 1)];
  const ours = [...names].map(([name, address]) => `${address} ${name}`);
  return `${[...others, begin, ...ours, end].join('\n')}\n`;
}
