import { inspect } from 'node:util';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { abortSignalSchema } from '../../util/options/abort-signal.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { isWellFormed } from '../../util/options/well-formed.ts';
import { ExecFlag, FieldWriter, Operation, Tag } from './fields.ts';

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Size and type of a command's terminal. */
export interface TerminalOptions extends TerminalSize {
  /** TERM of the command; `linux` by default. */
  readonly term?: string | undefined;
}

/** Options of a command in the guest. */
export interface ExecOptions {
  /**
   * Variables in addition to PATH, HOME, USER, LOGNAME and SHELL; they may override these. Those that are undefined are
   * left out.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Omit the base variables; false by default. */
  readonly clearEnv?: boolean | undefined;
  /** Working directory; `/` by default. */
  readonly cwd?: string | undefined;
  /** `name`, `uid`, `name:group` or `uid:gid` in the guest; by default the agent's user, usually root. */
  readonly user?: string | undefined;
  /** Use a terminal instead of pipes: stdin, stdout and stderr are then one. */
  readonly tty?: TerminalOptions | undefined;
  /** Complete input of the command. A source of which the command does not read the rest is closed. */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /**
   * Kind of stdin without `input`: `'empty'` is at its end from the start; `'pipe'` is written through `process.stdin`.
   * `'pipe'` by default with a tty, otherwise `'empty'`.
   */
  readonly stdin?: 'empty' | 'pipe' | undefined;
  /** Maximum bytes of stdout and of stderr in the result, each; 16 MiB by default. */
  readonly maxBuffer?: number | undefined;
  /** Time limit in milliseconds, after which the command is killed and TimedOutError thrown; none by default. */
  readonly timeoutMs?: number | undefined;
  /** An abort kills the command and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const text = z.string().optional();

/** Zero or more; also Infinity, which zod's numbers exclude. */
const amountSchema = z
  .custom<number>((value) => typeof value === 'number' && value >= 0, 'expected a number of at least 0')
  .optional();

const execSchema = z.strictObject({
  // Not a record: zod takes only plain objects for one, and process.env may be none.
  env: z.custom<NonNullable<ExecOptions['env']>>(isObject, 'expected an object').optional(),
  clearEnv: z.boolean().optional(),
  cwd: text,
  user: text,
  // Its numbers have a check of their own, which a new size shares.
  tty: z.object({ rows: z.number(), columns: z.number(), term: text }).optional(),
  input: z
    .custom<NonNullable<ExecOptions['input']>>(isInput, 'expected text, bytes or an async iterable')
    .optional(),
  stdin: z.enum(['empty', 'pipe']).optional(),
  maxBuffer: amountSchema,
  timeoutMs: amountSchema,
  signal: abortSignalSchema.optional(),
});

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInput(value: unknown): boolean {
  if (typeof value === 'string') return true;
  return (
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

/**
 * Validates a command and its options.
 * @throws InvalidInputError
 */
export function parseCommand(argv: readonly string[], given: ExecOptions): ExecOptions {
  const words: unknown = argv;
  if (!Array.isArray(words)) {
    throw new InvalidInputError('argv', 'expected an array of a program and its arguments', {
      hint: "for example ['ls', '-l'], or for a shell ['sh', '-c', 'ls | wc -l']",
    });
  }
  if (argv.length === 0) throw new InvalidInputError('argv', 'is empty; expected at least a program');
  const options = parseOptions(execSchema, given);
  if (options.input !== undefined && options.stdin !== undefined) {
    throw new InvalidInputError('stdin', 'cannot be combined with the option "input"');
  }
  return withTypedEnd(options);
}

/** True when the command's stdin is open for writing. */
export function hasInput(options: ExecOptions): boolean {
  if (options.input !== undefined) return true;
  return (options.stdin ?? (options.tty ? 'pipe' : 'empty')) === 'pipe';
}

/** Replaces the empty stdin of a terminal, which cannot be closed, by empty input: the agent types its end. */
function withTypedEnd(options: ExecOptions): ExecOptions {
  if (!options.tty || options.stdin !== 'empty' || options.input !== undefined) return options;
  return { ...options, stdin: undefined, input: '' };
}

/**
 * Encodes the request that starts a command.
 * @throws InvalidInputError for a command that cannot be encoded.
 */
export function encodeCommand(argv: readonly string[], options: ExecOptions): Buffer {
  const writer = new FieldWriter(Operation.exec);
  argv.forEach((argument, index) => writer.text(Tag.argument, checked(`argv[${index}]`, argument)));
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (name === '' || name.includes('=')) {
      throw new InvalidInputError(
        'env',
        `invalid name ${JSON.stringify(name)}: expected a variable name that is not empty and contains no "="`,
      );
    }
    if (value === undefined) continue;
    if (name === 'TERM' && options.tty?.term !== undefined) continue;
    writer.text(Tag.environment, checked(`env.${name}`, `${name}=${requireText(`env.${name}`, value)}`));
  }
  if (options.cwd !== undefined) writer.text(Tag.directory, checked('cwd', options.cwd));
  if (options.user !== undefined) writer.text(Tag.user, checked('user', options.user));
  if (options.tty) {
    if (options.tty.term !== undefined) {
      writer.text(Tag.environment, checked('tty.term', `TERM=${options.tty.term}`));
    }
    writer.bytes(Tag.terminal, encodeSize(options.tty));
  }
  const flags =
    (options.clearEnv === true ? ExecFlag.clearEnvironment : 0) |
    (hasInput(options) ? ExecFlag.input : 0) |
    (options.tty ? ExecFlag.terminal : 0);
  return writer.u32(Tag.flags, flags).toBuffer();
}

/** @throws InvalidInputError */
export function encodeSize({ rows, columns }: TerminalSize): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(cells('rows', rows), 0);
  size.writeUInt16LE(cells('columns', columns), 2);
  return size;
}

function cells(field: string, count: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= 0xffff) return count;
  throw new InvalidInputError(field, `invalid number ${count}: expected an integer from 0 to 65535`);
}

function requireText(field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InvalidInputError(field, `${inspect(value)}: expected text`);
}

function checked(field: string, value: string): string {
  const text = requireText(field, value);
  if (text.includes('\0')) throw new InvalidInputError(field, 'contains a NUL character');
  if (!isWellFormed(text))
    throw new InvalidInputError(field, 'contains an unpaired surrogate, which is not valid Unicode');
  return text;
}
