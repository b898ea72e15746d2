import { InvalidInputError } from '../../errors/index.ts';
import { isWellFormed } from '../../util/well-formed.ts';
import { ExecFlag, FieldWriter, Operation, Tag } from './fields.ts';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface TerminalOptions extends TerminalSize {
  /** The TERM that the command sees; `linux` by default. */
  readonly term?: string | undefined;
}

export interface ExecOptions {
  /** Variables on top of PATH, HOME, USER, LOGNAME and SHELL, which they may replace. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Leaves out the base variables; false by default. */
  readonly clearEnv?: boolean | undefined;
  /** The folder it starts in; `/` by default. */
  readonly cwd?: string | undefined;
  /** `name`, `uid`, `name:group` or `uid:gid` in the guest; whoever the agent is, mostly root, by default. */
  readonly user?: string | undefined;
  /** A terminal instead of pipes: stdin, stdout and stderr are then one. */
  readonly tty?: TerminalOptions | undefined;
  /** Everything that the command reads on stdin. */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /**
   * What stdin is without `input`: `'empty'` is at its end from the start, `'pipe'` is written by `process.stdin`.
   * `'pipe'` by default with a tty, `'empty'` without.
   */
  readonly stdin?: 'empty' | 'pipe' | undefined;
  /** Bytes of stdout and of stderr that the result holds at most, each; 16 MiB by default. */
  readonly maxBuffer?: number | undefined;
  /** Milliseconds until the command is killed and TimedOutError thrown; none by default. */
  readonly timeoutMs?: number | undefined;
  /** Aborting kills the command and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** True when the command's stdin is open for us. */
export function hasInput(options: ExecOptions): boolean {
  if (options.input !== undefined) return true;
  return (options.stdin ?? (options.tty ? 'pipe' : 'empty')) === 'pipe';
}

/**
 * The request that starts a command.
 * @throws InvalidInputError for what no command line can hold.
 */
export function encodeCommand(argv: readonly string[], options: ExecOptions): Buffer {
  if (argv.length === 0) throw new InvalidInputError('argv', 'is empty; it must begin with a program');
  if (options.input !== undefined && options.stdin !== undefined) {
    throw new InvalidInputError('stdin', 'cannot be given together with input');
  }
  const writer = new FieldWriter(Operation.exec);
  argv.forEach((argument, index) => writer.text(Tag.argument, checked(`argv[${index}]`, argument)));
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (name === '' || name.includes('=')) {
      throw new InvalidInputError(
        'env',
        `holds the name ${JSON.stringify(name)}; it must be not empty, without "="`,
      );
    }
    if (name === 'TERM' && options.tty?.term !== undefined) continue;
    writer.text(Tag.environment, checked(`env.${name}`, `${name}=${value}`));
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
  throw new InvalidInputError(field, `is ${count}; it must be a whole number from 0 to 65535`);
}

function checked(field: string, text: string): string {
  if (text.includes('\0')) throw new InvalidInputError(field, 'holds a NUL character');
  if (!isWellFormed(text))
    throw new InvalidInputError(field, 'holds half of a surrogate pair, which is not Unicode text');
  return text;
}
