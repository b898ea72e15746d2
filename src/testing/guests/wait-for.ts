import { InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { Protocol } from '../../network/ports/port.ts';
import { type HttpAnswer, type HttpExpectation, lookForAnswer } from '../probes/probe-http.ts';
import { lookForConsoleLine } from '../probes/probe-log.ts';
import { describePattern } from '../probes/probe-pattern.ts';
import { lookForConnection } from '../probes/probe-port.ts';
import type { WaitOptions } from '../probes/wait-until.ts';
import { GuestWaits, type LineWaitOptions, checkPort } from './guest-waits.ts';
import type { MachineRun } from './machine-run.ts';
import { httpUrl, publishedPort, urlOf } from './published.ts';

/** Options of waiting for a port. */
export interface PortWaitOptions extends WaitOptions {
  readonly protocol?: Protocol | undefined;
  /**
   * `guest` (the default): a socket of the guest listens, on any address. `host`: a connection from the host to the
   * published port reaches the guest.
   */
  readonly from?: 'guest' | 'host' | undefined;
}

/** Options of waiting for a line; on the serial console without `file` and `journal`. */
export type LogWaitOptions = LineWaitOptions;

/** Waits for events in the guest of a machine: also for those that are seen from the host. */
export class WaitFor extends GuestWaits {
  readonly #machine: () => Machine;

  /**
   * @param current returns the present run at each wait; its signal ends waits without a signal of their own.
   * @param timeoutMs default time limit of waits.
   */
  constructor(current: () => MachineRun, timeoutMs: number | undefined) {
    super(current, timeoutMs);
    this.#machine = () => current().machine;
  }

  /** @throws InvalidInputError with `from: 'host'` for a port that is not published. */
  override async port(port: number, options: PortWaitOptions = {}): Promise<void> {
    const { protocol = 'tcp', from = 'guest' } = options;
    if (from === 'guest') {
      await super.port(port, options);
      return;
    }
    checkPort(port);
    if (protocol !== 'tcp')
      throw new InvalidInputError('from', '"host" can be combined only with protocol "tcp"');
    const machine = this.#machine();
    const look = lookForConnection(machine, publishedPort(machine.ports, port));
    await this.wait(`a connection from the host to port ${port} of the guest`, look, options);
  }

  /** Waits for a matching line, including earlier ones; of the serial console, the last 1000 lines. */
  override async log(pattern: RegExp, options: LogWaitOptions = {}): Promise<string> {
    if (options.file !== undefined || options.journal !== undefined) return super.log(pattern, options);
    const look = lookForConsoleLine(this.#machine(), pattern);
    return this.wait(`a line that matches ${String(pattern)} on the console`, look, options);
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
    const url = httpUrl(typeof target === 'number' ? urlOf(this.#machine().ports, target) : target);
    const { status, body } = options;
    const holding = body === undefined ? '' : ` and ${describePattern(body)} in the body`;
    return this.wait(
      `${url.href} to answer with status ${status ?? '2xx'}${holding}`,
      lookForAnswer(url, options),
      options,
    );
  }
}
