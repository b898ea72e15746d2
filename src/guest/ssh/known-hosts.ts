import { InvalidInputError } from '../../errors/index.ts';
import { formatPublicKey, parsePublicKey } from './ssh-public-key.ts';

/** Returns the name of a machine for ssh: it identifies the machine, not an address or a port. */
export function sshHostName(machine: string): string {
  return `${machine}.vmlet`;
}

/**
 * Returns the known_hosts file of one machine; empty without keys.
 * @param publicKeys lines `TYPE BASE64 comment`; comments are dropped.
 * @throws InvalidInputError for an invalid public key.
 */
export function knownHosts(machine: string, publicKeys: readonly string[]): string {
  return publicKeys.map((line) => `${sshHostName(machine)} ${checkedKey(line)}\n`).join('');
}

const BEGIN = '-----BEGIN SSH HOST KEY KEYS-----';
const END = '-----END SSH HOST KEY KEYS-----';

/**
 * Returns the host keys that cloud-init prints on a serial console at the first boot, as lines `TYPE BASE64`. With several
 * boots, the last ones; kernel messages in between are skipped. Empty if there are none.
 */
export function hostKeysOnConsole(text: string): string[] {
  const end = text.lastIndexOf(END);
  const begin = end === -1 ? -1 : text.lastIndexOf(BEGIN, end);
  if (begin === -1) return [];
  return publicKeysIn(text.slice(begin, end));
}

/** Returns the lines of a text that are public keys, without their comments. */
export function publicKeysIn(text: string): string[] {
  return text
    .split('\n')
    .map(parsePublicKey)
    .filter((key) => key !== undefined)
    .map(formatPublicKey);
}

function checkedKey(line: string): string {
  const key = parsePublicKey(line);
  if (key) return formatPublicKey(key);
  throw new InvalidInputError(
    'publicKeys',
    `invalid ssh public key ${JSON.stringify(line)}: expected one line, such as ssh-ed25519 AAAA… root@host`,
  );
}
