/** The lines of a hosts file for one network. */
export interface NetworkLines {
  readonly network: string;
  readonly lines: readonly string[];
}

/** Returns the lines of networks alone, with their marks: the guest's agent puts them in place of its earlier ones. */
export function formatNames(networks: readonly NetworkLines[]): string {
  return networks.reduce((text, { network, lines }) => withNetworkNames(text, network, lines), '');
}

/**
 * Returns the text of a hosts(5) file with the lines of a network, replacing the earlier ones of that network.
 * @param network its name, which differs from those of the guest's others.
 */
export function withNetworkNames(text: string, network: string, lines: readonly string[]): string {
  const [begin, end] = marksOf(network);
  return `${[...withoutNetwork(text, network), begin, ...lines, end].join('\n')}\n`;
}

/** Returns the text without the lines of networks other than these, which the guest has left. */
export function withNetworksOnly(text: string, networks: readonly string[]): string {
  const left = [...text.matchAll(/^# vmlet (\S+)$/gm)].map(([, network = '']) => network);
  return left
    .filter((network) => !networks.includes(network))
    .reduce((rest, network) => {
      const lines = withoutNetwork(rest, network);
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
    }, text);
}

function marksOf(network: string): readonly [string, string] {
  return [`# vmlet ${network}`, `# end of vmlet ${network}`];
}

function withoutNetwork(text: string, network: string): string[] {
  const [begin, end] = marksOf(network);
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const from = lines.indexOf(begin);
  const to = lines.indexOf(end, from);
  return from === -1 || to === -1 ? lines : [...lines.slice(0, from), ...lines.slice(to + 1)];
}
