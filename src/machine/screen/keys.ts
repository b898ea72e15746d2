import { InvalidInputError } from '../../errors/index.ts';
import { nearest } from '../../util/options/nearest.ts';
import { type KeyName, keyAliases, keyNames, usCharacters } from './key-names.ts';

/** Keys that are pressed in this order and held together. */
export type KeyChord = readonly KeyName[];

const MOST_KEYS = 8;
const SUGGESTIONS = 3;

const known: ReadonlyMap<string, KeyName> = new Map([
  ...keyNames.map((name) => [name, name] as const),
  ...keyAliases,
]);

/**
 * Parses a combination such as `ctrl-alt-f2` or `ctrl+c`. Names are QEMU's, Linux's as in `virsh send-key`
 * (`KEY_LEFTCTRL`), or common ones such as `enter`; case does not matter. A key can also be written as the
 * character that it produces on a US keyboard without Shift, except `-`, which is `minus`.
 *
 * @throws InvalidInputError naming the key, with the nearest names.
 */
export function parseKeys(text: string): KeyChord {
  const chord = text.split(/[-+]/).map(parseKey);
  if (chord.length > MOST_KEYS) {
    throw new InvalidInputError(
      'keys',
      `too many keys in ${JSON.stringify(text)}: ${chord.length} (limit: ${MOST_KEYS})`,
    );
  }
  const twice = chord.find((key, index) => chord.indexOf(key) !== index);
  if (twice !== undefined) {
    throw new InvalidInputError('keys', `duplicate key ${twice} in ${JSON.stringify(text)}`);
  }
  return chord;
}

/**
 * Returns the keys that type a text on a US keyboard, a chord for each character; a newline is Enter. The
 * guest must use a US layout.
 *
 * @throws InvalidInputError for a character that is not on a US keyboard.
 */
export function keysOfText(text: string): KeyChord[] {
  return Array.from(text, (character, index) => {
    const chord = usCharacters.get(character);
    if (chord) return chord;
    const codePoint = character.codePointAt(0) ?? 0;
    throw new InvalidInputError(
      'text',
      `character ${index + 1} of the text is not on a US keyboard: ${describe(character)} (U+${codePoint.toString(16).toUpperCase().padStart(4, '0')})`,
      { hint: 'use vmlet ssh, vmlet exec or the serial console instead' },
    );
  });
}

function parseKey(name: string): KeyName {
  const plain = name.trim().toLowerCase();
  const key = known.get(plain.replace(/^key_/, '')) ?? unshifted(plain);
  if (key !== undefined) return key;
  if (plain === '') {
    throw new InvalidInputError('keys', 'missing key name; expected a combination such as ctrl-alt-delete', {
      hint: 'write minus for the key "-", and shift-equal for "+"',
    });
  }
  throw new InvalidInputError('keys', `no such key: ${JSON.stringify(name)}`, {
    hint: `did you mean ${nearest(plain, known.keys(), SUGGESTIONS).join(', ')}?`,
  });
}

function unshifted(character: string): KeyName | undefined {
  const chord = usCharacters.get(character);
  return chord?.length === 1 ? chord[0] : undefined;
}

function describe(character: string): string {
  return /\p{C}/u.test(character) ? 'the control character' : JSON.stringify(character);
}
