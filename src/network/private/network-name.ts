import { InvalidInputError } from '../../errors/index.ts';

/** Also a domain of host names, and part of a socket's path. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
/** Words of `--network` that describe a machine's first card. */
const FIRST_CARDS: readonly string[] = ['auto', 'passt', 'slirp', 'none', 'bridge'];
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
  const reserved = [...FIRST_CARDS, ...DOMAINS].includes(name);
  if (reserved)
    throw new InvalidInputError(field, `"${name}" is a reserved word and cannot be the name of a network`, {
      hint: 'choose another name, such as lan',
    });
  return name;
}

/** True for `auto`, `passt`, `slirp`, `none` and `bridge=NAME`, which describe a machine's first card. */
export function isFirstCard(text: string): boolean {
  return FIRST_CARDS.includes(text.split(/[=:]/, 1)[0] ?? '');
}

/**
 * Returns the value that describes a machine's first card: the option `net`, or one of `networks`.
 * @throws InvalidInputError when there is more than one.
 */
export function firstCardOf<Net>(net: Net, networks: readonly unknown[]): Net | string {
  if (!Array.isArray(networks)) return net;
  const isFirst = (input: unknown): input is string => typeof input === 'string' && isFirstCard(input);
  const inNetworks: readonly string[] = networks.filter(isFirst);
  const all = [...(net === undefined ? [] : [net]), ...inNetworks];
  if (all.length <= 1) return inNetworks[0] ?? net;
  throw new InvalidInputError('networks', `the first network card is set twice: ${all.join(', ')}`, {
    hint: 'give only one of these settings',
  });
}
