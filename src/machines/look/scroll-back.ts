import { Writable } from 'node:stream';
import { ConnectError } from '../../errors/index.ts';
import { LogGenerations } from '../../machine/logs/log-generations.ts';
import type { MachineFiles } from '../record/machine-files.ts';

/** The last lines of the log before a console's output. */
export interface ScrollBack {
  readonly lines: number;
  /** Called once, before anything is written to `output`; not if there are no lines. */
  readonly show: (bytes: Buffer) => void;
}

/** Digits of two 64-bit numbers, and what is between and after them. */
const LONGEST_POSITION = 48;
const NEWLINE = 0x0a;

/**
 * The output of a keeper's serial socket, which begins with its position in the log (native/keeper/PROGRAM.md): the last lines
 * of the log before this position, and the output after them.
 */
export class OutputAfterScrollBack extends Writable {
  readonly #output: Writable;
  readonly #log: LogGenerations;
  readonly #socket: string;
  readonly #scrollBack: ScrollBack | undefined;
  /** The bytes of the first line; undefined after it. */
  #position: Buffer | undefined = Buffer.alloc(0);

  /** Opens the log, which must be before the connection to the socket: open files keep their inode numbers. */
  constructor(
    output: Writable,
    { serialLog, serialSocket }: Pick<MachineFiles, 'serialLog' | 'serialSocket'>,
    scrollBack?: ScrollBack,
  ) {
    super();
    this.#output = output;
    this.#socket = serialSocket;
    this.#scrollBack = scrollBack;
    this.#log = new LogGenerations(serialLog);
    this.#log.look();
    output.on('error', (error) => this.destroy(error));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    let output = chunk;
    if (this.#position) {
      const start = Buffer.concat([this.#position, chunk]);
      const end = start.indexOf(NEWLINE);
      if (end === -1 && start.length < LONGEST_POSITION) {
        this.#position = start;
        done();
        return;
      }
      this.#position = undefined;
      output = start.subarray(end + 1);
      try {
        this.#showLinesBefore(start.toString('latin1', 0, end));
      } catch (error) {
        done(error as Error);
        return;
      }
    }
    if (output.length === 0 || this.#output.write(output)) done();
    else this.#output.once('drain', done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#log[Symbol.dispose]();
    done(error);
  }

  #showLinesBefore(position: string): void {
    using log = this.#log;
    const [, inode, offset] = /^(\d+) (\d+)$/.exec(position) ?? [];
    if (inode === undefined)
      throw new ConnectError(this.#socket, `expected a position in the log, got ${JSON.stringify(position)}`);
    log.look();
    if (!this.#scrollBack || !log.cutAt(BigInt(inode), Number(offset))) return;
    log.seekToLastLines(this.#scrollBack.lines);
    const bytes = Buffer.concat([...log.rest()]);
    if (bytes.length > 0) this.#scrollBack.show(bytes);
  }
}
