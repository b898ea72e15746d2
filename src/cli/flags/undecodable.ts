import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../../errors/index.ts';

/** Node decodes bytes that are not UTF-8 to this; it may also have been typed. */
const REPLACEMENT = '\ufffd';
const HINT =
  'vmlet passes on only text; rename the file, or let a shell in the guest make the bytes, for example: ' +
  `sh -c 'cat "$(printf "caf\\351")"'`;

/**
 * @param args the last words of this process's command line.
 * @param read returns the command line as the kernel has it.
 * @throws InvalidInputError for a word that Node could not decode: the guest would get another one.
 */
export function refuseUndecodable(args: readonly string[], read = (): Buffer => contents('cmdline')): void {
  if (!args.some((word) => word.includes(REPLACEMENT))) return;
  const words = splitAtNul(read()).slice(-args.length);
  const at = words.findIndex((word) => !isUtf8(word));
  if (at >= 0) throw notText('argument', args[at] ?? '');
}

/**
 * @param read returns the environment that this process started with.
 * @throws InvalidInputError for a variable whose value Node could not decode.
 */
export function refuseUndecodableVariable(
  name: string,
  value: string,
  read = (): Buffer => contents('environ'),
): void {
  if (!value.includes(REPLACEMENT)) return;
  const start = Buffer.from(`${name}=`);
  const setting = splitAtNul(read()).find((one) => one.subarray(0, start.length).equals(start));
  if (setting && !isUtf8(setting)) throw notText('env', `${name}=${value}`);
}

function contents(file: 'cmdline' | 'environ'): Buffer {
  return readFileSync(`/proc/self/${file}`);
}

/** Each string ends with a NUL. */
function splitAtNul(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    const next = end < 0 ? bytes.length : end;
    found.push(bytes.subarray(at, next));
    at = next + 1;
  }
  return found;
}

function notText(field: string, word: string): InvalidInputError {
  return new InvalidInputError(field, `${JSON.stringify(word)} is not valid UTF-8`, { hint: HINT });
}
