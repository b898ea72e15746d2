import { InvalidInputError } from '../../errors/index.ts';

/** One rule of qemu-bridge-helper's bridge.conf; the bridge `all` is every bridge. */
export interface BridgeRule {
  readonly action: 'allow' | 'deny';
  readonly bridge: string;
}

/**
 * Reads bridge.conf as qemu-bridge-helper does.
 * @param readIncluded the text of an included file; undefined where it cannot be read, which the helper does not mind
 *   (that is how a file of one group allows something to that group alone).
 * @throws InvalidInputError for a line that the helper refuses, and with it every bridge.
 */
export function parseBridgeConf(
  path: string,
  text: string,
  readIncluded: (path: string) => string | undefined,
): BridgeRule[] {
  const { rules, problem } = read(text, readIncluded, new Set([path]));
  if (problem !== undefined) {
    throw new InvalidInputError(path, problem, {
      hint: 'lines are "allow BRIDGE", "deny BRIDGE" and "include FILE"; BRIDGE may be "all"',
    });
  }
  return rules;
}

/** Denying wins over allowing, wherever it stands; without a rule a bridge is not allowed. */
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
    // As the helper does: a space ends the first word, and a tab only where there is no space in the line.
    const start = line.trimStart();
    const end = start.includes(' ') ? start.indexOf(' ') : start.indexOf('\t');
    const action = end === -1 ? trimmed : start.slice(0, end);
    const argument = end === -1 ? '' : start.slice(end).trim();
    if ((action === 'allow' || action === 'deny') && end !== -1) {
      rules.push({ action, bridge: argument });
    } else if (action === 'include' && end !== -1) {
      const included = seen.has(argument) ? undefined : readIncluded(argument);
      seen.add(argument);
      // What stands above the bad line of an included file counts.
      if (included !== undefined) rules.push(...read(included, readIncluded, seen).rules);
    } else {
      return { rules, problem: `line ${index + 1} is ${JSON.stringify(trimmed)}, which no rule is` };
    }
  }
  return { rules, problem: undefined };
}
