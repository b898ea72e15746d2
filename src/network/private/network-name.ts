import { InvalidInputError } from '../../errors/index.ts';

/** Also a domain of host names, and part of a socket's path. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
const BRIDGE = 'bridge';
/** Words of `--network` that describe cards which are in no private network. */
const OUTSIDE_CARDS: readonly string[] = ['auto', 'passt', 'slirp', 'none', BRIDGE];
/** Domains with another meaning in a guest's resolver. */
const DOMAINS: readonly string[] = ['local', 'localhost', 'vmlet'];

/** @throws InvalidInputError */
export function checkNetworkName(name: string, field = 'name'): string {
  if (!NAME.test(name)) {
    throw new InvalidInputError(
      field,
      `invalid network name ${JSON.stringify(name)}: expected at most 32 lower-case letters, digits and hyphens, and no hyphen at either end`,
      { hint: 'for example: lan' },
    );
  }
  if (!isNetworkName(name))
    throw new InvalidInputError(field, `"${name}" is a reserved word and cannot be the name of a network`, {
      hint: 'choose another name, such as lan',
    });
  return name;
}

/** True for a name that a network can have. */
export function isNetworkName(name: string): boolean {
  return NAME.test(name) && ![...OUTSIDE_CARDS, ...DOMAINS].includes(name);
}

/** True for `auto`, `passt`, `slirp`, `none` and `bridge=NAME`, which describe cards outside of private networks. */
export function isOutsideCard(text: string): boolean {
  return OUTSIDE_CARDS.includes(wordOf(text));
}

/** True for `bridge=NAME`. */
export function isBridgeCard(text: string): boolean {
  return wordOf(text) === BRIDGE;
}

function wordOf(text: string): string {
  return text.split(/[=:]/, 1)[0] ?? '';
}

/**
 * Returns the value that describes a machine's first card: the option `net`, or one of `networks`.
 * @throws InvalidInputError when there is more than one.
 */
export function firstCardOf<Net>(net: Net, networks: readonly unknown[]): Net | string {
  if (!Array.isArray(networks)) return net;
  const isOutside = (input: unknown): input is string => typeof input === 'string' && isOutsideCard(input);
  const inNetworks: readonly string[] = networks.filter(isOutside);
  const inNet: readonly unknown[] = net === undefined ? [] : [net].flat();
  if (inNet.length + inNetworks.length <= 1) return inNetworks[0] ?? net;
  // Only named machines have bridges, which the check of the value says.
  const bridge = [...inNet, ...inNetworks].find((one) => typeof one === 'string' && isBridgeCard(one));
  if (typeof bridge === 'string') return bridge;
  throw cardSetTwice(inNet.length > 1 ? 'net[1]' : 'networks', [...inNet, ...inNetworks]);
}

/** @param field the option with the second setting. */
export function cardSetTwice(field: string, texts: readonly unknown[]): InvalidInputError {
  return new InvalidInputError(field, `the first network card is set twice: ${texts.join(', ')}`, {
    hint: 'give only one of these settings',
  });
}
