import { InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { Protocol } from '../../network/ports/port.ts';
import type { MachineRun } from './machine-run.ts';
import { lookForSuccess } from './probe-command.ts';
import { lookForFile, lookForLine } from '../probes/probe-file.ts';
import { type HttpAnswer, type HttpExpectation, lookForAnswer } from '../probes/probe-http.ts';
import { lookForConsoleLine, lookForJournalLine } from '../probes/probe-log.ts';
import { type Pattern, describePattern } from '../probes/probe-pattern.ts';
import { lookForConnection, lookForListener } from '../probes/probe-port.ts';
import { lookForUnit } from '../probes/probe-unit.ts';
import { publishedPort, urlOf } from './published.ts';
import { type CommandOptions, type ShellResult, describeCommand } from './shell.ts';
import { type Look, type WaitOptions, waitUntil } from '../probes/wait.ts';

/** Options of waiting for a port. */
export interface PortWaitOptions extends WaitOptions {
  readonly protocol?: Protocol | undefined;
  /**
   * `guest` (the default): a socket of the guest listens, on any address. `host`: a connection from the host to the
   * published port reaches the guest.
   */
  readonly from?: 'guest' | 'host' | undefined;
}

/** Options of waiting for a line. */
export interface LogWaitOptions extends WaitOptions {
  /** A file of the guest, instead of the serial console. */
  readonly file?: string | undefined;
  /** The guest's journal since its boot, of a unit or (`true`) of all, instead of the serial console. */
  readonly journal?: string | true | undefined;
}

/**
 * Waits for events in a guest. Each wait checks often at first and less often later, until its time limit. It rejects with
 * WaitTimedOutError, which has the last observation, with MachineEndedError as soon as the machine ends, or with the
 * signal's reason. Nothing else is needed in the guest.
 */
export class WaitFor {
  readonly #current: () => MachineRun;
  readonly #timeoutMs: number | undefined;

  /**
   * @param current returns the present run at each wait; its signal ends waits without a signal of their own.
   * @param timeoutMs default time limit of waits.
   */
  constructor(current: () => MachineRun, timeoutMs: number | undefined) {
    this.#current = current;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws InvalidInputError with `from: 'host'` for a port that is not published. */
  async port(port: number, options: PortWaitOptions = {}): Promise<void> {
    const { protocol = 'tcp', from = 'guest' } = options;
    checkPort(port);
    const machine = this.#machine;
    if (from === 'guest') {
      const awaited = `the guest to listen on ${protocol} port ${port}`;
      await this.#wait(awaited, lookForListener(machine, port, protocol), options);
      return;
    }
    if (protocol !== 'tcp') throw new InvalidInputError('from', 'from the host, only tcp can be tested');
    const look = lookForConnection(machine, publishedPort(machine.ports, port));
    await this.#wait(`a connection from the host to port ${port} of the guest`, look, options);
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
    await this.#wait(`${unit} to be ${state}`, lookForUnit(this.#machine, unit, state), options);
  }

  /** Waits until a path exists, or with `contains` until the file contains the text. */
  async file(
    path: string,
    options: WaitOptions & { readonly contains?: Pattern | undefined } = {},
  ): Promise<void> {
    const { contains } = options;
    const awaited = contains === undefined ? path : `${path} to contain ${describePattern(contains)}`;
    await this.#wait(awaited, lookForFile(this.#machine, path, contains), options);
  }

  /** Waits for a matching line, including earlier ones; of the serial console, the last 1000 lines. */
  async log(pattern: RegExp, options: LogWaitOptions = {}): Promise<string> {
    const { file, journal } = options;
    if (file !== undefined && journal !== undefined) {
      throw new InvalidInputError('journal', 'cannot be combined with file');
    }
    const machine = this.#machine;
    const line = `a line that matches ${String(pattern)}`;
    if (file !== undefined)
      return this.#wait(`${line} in ${file}`, lookForLine(machine, file, pattern), options);
    if (journal === undefined)
      return this.#wait(`${line} on the console`, lookForConsoleLine(machine, pattern), options);
    const look = lookForJournalLine(machine, pattern, journal === true ? undefined : journal);
    return this.#wait(`${line} in the journal`, look, options);
  }

  /**
   * Waits until a GET request from the host gets the expected answer.
   * @param target a URL, or a published port number.
   * @throws InvalidInputError for a port that is not published.
   */
  async http(
    target: string | URL | number,
    options: WaitOptions & HttpExpectation = {},
  ): Promise<HttpAnswer> {
    const url = httpUrl(typeof target === 'number' ? urlOf(this.#machine.ports, target) : target);
    const { status, body } = options;
    const holding = body === undefined ? '' : ` and ${describePattern(body)} in its body`;
    return this.#wait(
      `${url.href} to answer with status ${status ?? '2xx'}${holding}`,
      lookForAnswer(url, options),
      options,
    );
  }

  /**
   * Waits until a command succeeds: a script for `sh -e` in the guest, or a program with arguments. With `stdout`, it must
   * also print that.
   */
  async command(
    command: string | readonly string[],
    options: WaitOptions & CommandOptions & { readonly stdout?: Pattern | undefined } = {},
  ): Promise<ShellResult> {
    const { stdout, env, cwd, user, input } = options;
    const printing = stdout === undefined ? '' : ` and print ${describePattern(stdout)}`;
    const look = lookForSuccess(this.#machine, command, stdout, { env, cwd, user, input });
    return this.#wait(`${describeCommand(command)} to succeed${printing}`, look, options);
  }

  get #machine(): Machine {
    return this.#current().machine;
  }

  async #wait<T>(awaited: string, look: Look<T>, options: WaitOptions): Promise<T> {
    const run = this.#current();
    const wait = waitUntil(run.machine, awaited, look, {
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      signal: options.signal ?? run.signal,
    });
    return run.guard(wait);
  }
}

function checkPort(port: number): void {
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return;
  throw new InvalidInputError('port', `invalid port ${port}: expected 1 to 65535`);
}

function httpUrl(target: string | URL): URL {
  const text = String(target);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidInputError('url', `invalid URL ${text}: expected http:// or https://`);
}
