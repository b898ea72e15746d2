import { InvalidInputError } from '../../errors/index.ts';
import type { Protocol } from '../../network/ports/port.ts';
import type { GuestRun } from '../probes/guest-run.ts';
import { lookForFile, lookForLine } from '../probes/probe-file.ts';
import { lookForJournalLine } from '../probes/probe-log.ts';
import { type Pattern, describePattern } from '../probes/probe-pattern.ts';
import { lookForListener } from '../probes/probe-port.ts';
import { lookForUnit } from '../probes/probe-unit.ts';
import { type Look, type WaitOptions, waitUntil } from '../probes/wait-until.ts';
import { lookForSuccess } from './probe-command.ts';
import { type CommandOptions, type ShellResult, describeCommand } from './shell.ts';

/** Options of waiting for a line in a file or in the journal. */
export interface LineWaitOptions extends WaitOptions {
  /** A file of the guest. */
  readonly file?: string | undefined;
  /** The guest's journal since its boot, of a unit or (`true`) of all. */
  readonly journal?: string | true | undefined;
}

/** Options of waiting for a command. */
export interface CommandWaitOptions extends WaitOptions, Omit<CommandOptions, 'input'> {
  /** Complete input of each attempt. No stream: it could be read only once. */
  readonly input?: string | Uint8Array | undefined;
  /** Text or pattern that the command must also print. */
  readonly stdout?: Pattern | undefined;
}

/**
 * Waits for events in a guest. Each wait checks often at first and less often later, until its time limit. It rejects with
 * WaitTimedOutError, which has the last observation, with MachineEndedError (PoolFailedError for a guest of a pool) as soon
 * as the guest ends, or with the signal's reason. Nothing else is needed in the guest.
 */
export class GuestWaits {
  readonly #current: () => GuestRun;
  readonly #timeoutMs: number | undefined;

  /**
   * @param current returns the present run at each wait; its signal ends waits without a signal of their own.
   * @param timeoutMs default time limit of waits.
   */
  constructor(current: () => GuestRun, timeoutMs: number | undefined) {
    this.#current = current;
    this.#timeoutMs = timeoutMs;
  }

  /** Waits until a socket of the guest listens on a port, on any address. */
  async port(
    port: number,
    options: WaitOptions & { readonly protocol?: Protocol | undefined } = {},
  ): Promise<void> {
    const { protocol = 'tcp' } = options;
    checkPort(port);
    const look = lookForListener(this.#guest, port, protocol);
    await this.wait(`the guest to listen on ${protocol} port ${port}`, look, options);
  }

  /**
   * Waits until a systemd unit is `active`, or in another of systemd's active states.
   * @throws GuestUnitError at once when the unit has failed, with its journal; also when the unit or systemd does not
   *   exist.
   */
  async unit(
    unit: string,
    options: WaitOptions & { readonly state?: string | undefined } = {},
  ): Promise<void> {
    const { state = 'active' } = options;
    await this.wait(`${unit} to be ${state}`, lookForUnit(this.#guest, unit, state), options);
  }

  /** Waits until a path exists, or with `contains` until the file contains the text. */
  async file(
    path: string,
    options: WaitOptions & { readonly contains?: Pattern | undefined } = {},
  ): Promise<void> {
    const { contains } = options;
    const awaited = contains === undefined ? path : `${path} to contain ${describePattern(contains)}`;
    await this.wait(awaited, lookForFile(this.#guest, path, contains), options);
  }

  /**
   * Waits for a matching line, including earlier ones.
   * @throws InvalidInputError unless either `file` or `journal` is given.
   */
  async log(pattern: RegExp, options: LineWaitOptions = {}): Promise<string> {
    const { file, journal } = options;
    if (file !== undefined && journal !== undefined) {
      throw new InvalidInputError('journal', 'cannot be combined with file');
    }
    const line = `a line that matches ${String(pattern)}`;
    if (file !== undefined)
      return this.wait(`${line} in ${file}`, lookForLine(this.#guest, file, pattern), options);
    if (journal === undefined) {
      throw new InvalidInputError(
        'log',
        'requires file or journal: the console of a guest from a pool cannot be read',
      );
    }
    const look = lookForJournalLine(this.#guest, pattern, journal === true ? undefined : journal);
    return this.wait(`${line} in the journal`, look, options);
  }

  /**
   * Waits until a command succeeds: a script for `sh -e` in the guest, or a program with arguments. With `stdout`, it must
   * also print that.
   * @throws InvalidInputError for an `input` that is neither text nor bytes; GuestOutputError at once when it succeeds and a
   *   stream exceeds 16 MiB.
   */
  async command(command: string | readonly string[], options: CommandWaitOptions = {}): Promise<ShellResult> {
    const { stdout, env, cwd, user, input } = options;
    if (input !== undefined && typeof input !== 'string' && !(input instanceof Uint8Array)) {
      throw new InvalidInputError('input', 'expected text or bytes, because the command may be repeated');
    }
    const printing = stdout === undefined ? '' : ` and print ${describePattern(stdout)}`;
    const look = lookForSuccess(this.#guest, command, stdout, { env, cwd, user, input });
    return this.wait(`${describeCommand(command)} to succeed${printing}`, look, options);
  }

  get #guest(): GuestRun['guest'] {
    return this.#current().guest;
  }

  /** Waits until `look` finds what is awaited, with this object's default limit and signal. */
  protected async wait<T>(awaited: string, look: Look<T>, options: WaitOptions): Promise<T> {
    const run = this.#current();
    const wait = waitUntil(run, awaited, look, {
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      signal: options.signal ?? run.signal,
    });
    return run.guard(wait);
  }
}

export function checkPort(port: number): void {
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return;
  throw new InvalidInputError('port', `invalid port ${port}: expected 1 to 65535`);
}
