import { InvalidInputError } from '../../errors/index.ts';
import { nearest } from '../../util/nearest.ts';
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
 * A combination such as `ctrl-alt-f2` or `ctrl+c`. Names are QEMU's, Linux's as `virsh send-key` takes them
 * (`KEY_LEFTCTRL`), or usual ones such as `enter`; case does not matter. A key may be given by the character that it
 * gives on a US keyboard without Shift, except `-`, which is `minus`.
 *
 * @throws InvalidInputError naming the key, with the nearest names.
 */
export function parseKeys(text: string): KeyChord {
  const chord = text.split(/[-+]/).map(parseKey);
  if (chord.length > MOST_KEYS) {
    throw new InvalidInputError(
      'keys',
      `${JSON.stringify(text)} has ${chord.length} keys; at most ${MOST_KEYS} go together`,
    );
  }
  const twice = chord.find((key, index) => chord.indexOf(key) !== index);
  if (twice !== undefined) {
    throw new InvalidInputError('keys', `${JSON.stringify(text)} has the key ${twice} twice`);
  }
  return chord;
}

/**
 * The keys that type a text on a US keyboard, a chord a character; a newline is Enter. The guest has to have a US
 * layout.
 *
 * @throws InvalidInputError for a character that no such key gives.
 */
export function keysOfText(text: string): KeyChord[] {
  return Array.from(text, (character, index) => {
    const chord = usCharacters.get(character);
    if (chord) return chord;
    const codePoint = character.codePointAt(0) ?? 0;
    throw new InvalidInputError(
      'text',
      `no key of a US keyboard gives ${describe(character)} (U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}), character ${index + 1} of the text`,
      { hint: 'send it another way: through vmlet ssh, vmlet exec, or the serial console' },
    );
  });
}

function parseKey(name: string): KeyName {
  const plain = name.trim().toLowerCase();
  const key = known.get(plain.replace(/^key_/, '')) ?? unshifted(plain);
  if (key !== undefined) return key;
  if (plain === '') {
    throw new InvalidInputError('keys', 'a name is missing: a combination is written as in ctrl-alt-delete', {
      hint: 'the keys - and + are called minus and shift-equal',
    });
  }
  throw new InvalidInputError('keys', `there is no key ${JSON.stringify(name)}`, {
    hint: `the nearest are ${nearest(plain, known.keys(), SUGGESTIONS).join(', ')}`,
  });
}

function unshifted(character: string): KeyName | undefined {
  const chord = usCharacters.get(character);
  return chord?.length === 1 ? chord[0] : undefined;
}

function describe(character: string): string {
  return /^\p{C}$/u.test(character) ? 'the control character' : JSON.stringify(character);
}
