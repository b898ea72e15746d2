import { InvalidInputError } from '../../errors/index.ts';

/** One rule of qemu-bridge-helper's bridge.conf; the bridge `all` means every bridge. */
export interface BridgeRule {
  readonly action: 'allow' | 'deny';
  readonly bridge: string;
}

/**
 * Parses bridge.conf like qemu-bridge-helper.
 * @param readIncluded returns the text of an included file; undefined if it is unreadable, which the helper
 * ignores (so that a file of one group can allow a bridge to that group alone).
 * @throws InvalidInputError for a line that makes the helper reject all bridges.
 */
export function parseBridgeConf(
  path: string,
  text: string,
  readIncluded: (path: string) => string | undefined,
): BridgeRule[] {
  const { rules, problem } = read(text, readIncluded, new Set([path]));
  if (problem !== undefined) {
    throw new InvalidInputError(path, problem, {
      hint: 'write lines as "allow BRIDGE", "deny BRIDGE" or "include FILE"; BRIDGE may be "all"',
    });
  }
  return rules;
}

/** A deny rule overrides allow rules, wherever it is; without a rule a bridge is not allowed. */
export function bridgeVerdict(
  rules: readonly BridgeRule[],
  bridge: string,
): { readonly allowed: boolean; readonly deniedBy: BridgeRule | undefined } {
  const matching = rules.filter((rule) => rule.bridge === bridge || rule.bridge === 'all');
  const deniedBy = matching.find(({ action }) => action === 'deny');
  return { allowed: matching.length > 0 && deniedBy === undefined, deniedBy };
}

function read(
  text: string,
  readIncluded: (path: string) => string | undefined,
  seen: Set<string>,
): { rules: BridgeRule[]; problem: string | undefined } {
  const rules: BridgeRule[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    // Like the helper: a space ends the first word, and a tab only if the line has no space.
    const start = line.trimStart();
    const end = start.includes(' ') ? start.indexOf(' ') : start.indexOf('\t');
    const action = end === -1 ? undefined : start.slice(0, end);
    const argument = start.slice(end).trim();
    if (action === 'allow' || action === 'deny') {
      rules.push({ action, bridge: argument });
    } else if (action === 'include') {
      const included = seen.has(argument) ? undefined : readIncluded(argument);
      seen.add(argument);
      // Rules before the bad line of an included file count.
      if (included !== undefined) rules.push(...read(included, readIncluded, seen).rules);
    } else {
      return { rules, problem: `line ${index + 1}: invalid rule ${JSON.stringify(trimmed)}` };
    }
  }
  return { rules, problem: undefined };
}
