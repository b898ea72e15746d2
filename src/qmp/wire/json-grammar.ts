type NumberPlace = 'minus' | 'zero' | 'integer' | 'point' | 'fraction' | 'e' | 'sign' | 'exponent';

/** The parser's position in a JSON text. */
type Place =
  | 'value'
  | 'first element'
  | 'first key'
  | 'key'
  | 'colon'
  | 'behind a value'
  | 'string'
  | 'escape'
  | 'hex'
  | 'literal'
  | NumberPlace;

const SPACE = 0x20;
const [QUOTE, BACKSLASH, COMMA, COLON] = [...Buffer.from('"\\,:')];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [...Buffer.from('{}[]')];

type Step = Readonly<Record<string, NumberPlace>>;

const FRACTION: Step = { '.': 'point' };
const EXPONENT: Step = { e: 'e', E: 'e' };

/** Possible successors in a number: RFC 8259, section 6. */
const NUMBER_STEPS: Readonly<Record<NumberPlace, Step>> = {
  minus: { 0: 'zero', ...digits(1, 'integer') },
  zero: { ...FRACTION, ...EXPONENT },
  integer: { ...digits(0, 'integer'), ...FRACTION, ...EXPONENT },
  point: digits(0, 'fraction'),
  fraction: { ...digits(0, 'fraction'), ...EXPONENT },
  e: { '+': 'sign', '-': 'sign', ...digits(0, 'exponent') },
  sign: digits(0, 'exponent'),
  exponent: digits(0, 'exponent'),
};

/** QEMU's numbers have at most 24 bytes. To convert one of millions takes minutes. */
const LONGEST_NUMBER = 32;

/** States in which a number may end. */
const WHOLE_NUMBERS: readonly string[] = ['zero', 'integer', 'fraction', 'exponent'];

const LITERALS: Readonly<Record<string, string>> = { t: 'rue', f: 'alse', n: 'ull' };

/**
 * Validates one JSON object byte by byte, and detects the first invalid byte, or the 33rd of a number. Bytes from 0x80 on
 * are part of strings; their UTF-8 is not checked.
 */
export class JsonGrammar {
  #place: Place = 'value';
  /** The open containers, outermost first. */
  readonly #open: ('object' | 'list')[] = [];
  #isKey = false;
  #hexDigits = 0;
  #numberBytes = 0;
  #rest = '';

  /** Number of open containers; 0 before and after the object. */
  get depth(): number {
    return this.#open.length;
  }

  get inString(): boolean {
    return this.#place === 'string';
  }

  reset(): void {
    this.#place = 'value';
    this.#open.length = 0;
  }

  /** @returns false if the byte is invalid here; the object cannot be continued then. */
  accept(byte: number): boolean {
    switch (this.#place) {
      case 'string':
        return this.#acceptInString(byte);
      case 'escape':
        return this.#acceptEscaped(String.fromCharCode(byte));
      case 'hex':
        if (++this.#hexDigits === 4) this.#place = 'string';
        return /[\da-fA-F]/.test(String.fromCharCode(byte));
      case 'literal':
        return this.#acceptLiteral(String.fromCharCode(byte));
      case 'value':
      case 'first element':
      case 'first key':
      case 'key':
      case 'colon':
      case 'behind a value':
        return isSpace(byte) || this.#acceptStructure(byte);
      default:
        return this.#acceptInNumber(byte, this.#place);
    }
  }

  #acceptInString(byte: number): boolean {
    if (byte === QUOTE) this.#place = this.#isKey ? 'colon' : 'behind a value';
    else if (byte === BACKSLASH) this.#place = 'escape';
    return byte >= SPACE;
  }

  #acceptEscaped(character: string): boolean {
    this.#hexDigits = 0;
    this.#place = character === 'u' ? 'hex' : 'string';
    return '"\\/bfnrtu'.includes(character);
  }

  #acceptLiteral(character: string): boolean {
    const isNext = this.#rest.startsWith(character);
    this.#rest = this.#rest.slice(1);
    if (this.#rest === '') this.#place = 'behind a value';
    return isNext;
  }

  #acceptInNumber(byte: number, place: NumberPlace): boolean {
    const next = NUMBER_STEPS[place][String.fromCharCode(byte)];
    if (next !== undefined) {
      this.#place = next;
      this.#numberBytes++;
      return this.#numberBytes <= LONGEST_NUMBER;
    }
    this.#place = 'behind a value';
    return WHOLE_NUMBERS.includes(place) && (isSpace(byte) || this.#acceptStructure(byte));
  }

  #acceptStructure(byte: number): boolean {
    switch (this.#place) {
      case 'first key':
        return byte === CLOSE ? this.#end() : this.#beginString(byte, true);
      case 'key':
        return this.#beginString(byte, true);
      case 'colon':
        this.#place = 'value';
        return byte === COLON;
      case 'behind a value':
        return this.#acceptBehindValue(byte);
      case 'first element':
        return byte === CLOSE_LIST ? this.#end() : this.#beginValue(byte);
      default:
        return this.#beginValue(byte);
    }
  }

  #acceptBehindValue(byte: number): boolean {
    const inObject = this.#open.at(-1) === 'object';
    if (byte === (inObject ? CLOSE : CLOSE_LIST)) return this.#end();
    this.#place = inObject ? 'key' : 'value';
    return byte === COMMA;
  }

  #beginValue(byte: number): boolean {
    if (byte === OPEN) return this.#begin('object', 'first key');
    if (byte === OPEN_LIST) return this.#begin('list', 'first element');
    if (byte === QUOTE) return this.#beginString(byte, false);
    const character = String.fromCharCode(byte);
    const rest = LITERALS[character];
    if (rest !== undefined) {
      this.#rest = rest;
      this.#place = 'literal';
      return true;
    }
    const place = character === '-' ? 'minus' : NUMBER_STEPS.minus[character];
    if (place === undefined) return false;
    this.#numberBytes = 1;
    this.#place = place;
    return true;
  }

  #beginString(byte: number, isKey: boolean): boolean {
    this.#isKey = isKey;
    this.#place = 'string';
    return byte === QUOTE;
  }

  #begin(container: 'object' | 'list', place: Place): boolean {
    this.#open.push(container);
    this.#place = place;
    return true;
  }

  #end(): boolean {
    this.#open.pop();
    this.#place = this.#open.length === 0 ? 'value' : 'behind a value';
    return true;
  }
}

export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function digits(first: number, place: NumberPlace): Step {
  return Object.fromEntries(Array.from({ length: 10 - first }, (_, index) => [first + index, place]));
}
