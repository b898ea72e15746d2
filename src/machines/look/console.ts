import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ConnectError, MachineStateError } from '../../errors/index.ts';
import { type AttachConsoleOptions, attachConsole } from '../../machine/screen/console-client.ts';
import { readLog } from '../../machine/logs/log-file.ts';
import { endOfLog } from '../../machine/logs/log-generations.ts';
import type { Definition } from '../record/definition.ts';
import { hasEnded } from '../channel/ended.ts';
import { type MachineStatus, readStatus, notRunning } from '../record/machine-status.ts';
import { scrollBackBefore } from './scroll-back.ts';

/** Options of a connection to a machine's console. */
export interface MachineConsoleOptions extends AttachConsoleOptions {
  /** Earlier output, from the log. */
  readonly scrollBack?: {
    readonly lines: number;
    /** Called once, before anything is written to `output`. */
    readonly show: (bytes: Buffer) => void;
  };
}

/** Why a connection to a machine's console ended. */
export type MachineConsoleEnd =
  | { readonly kind: 'detached' }
  /** `status` is the machine's status after the end. */
  | { readonly kind: 'ended'; readonly status: MachineStatus };

/** The keeper accepts a client well before this; later output comes from the console itself. */
const SETTLE_MS = 50;
/** On a busy host the keeper's output of a guest that prints takes longer to arrive. */
const MOST_WAITS = 20;
/** A keeper closes the console first, and exits after its helpers. */
const END_MS = 10_000;

/**
 * Connects input and output to the serial console until one of them ends.
 * @throws MachineStateError when the machine is not running, or its output is read too slowly; ConnectError, or the signal's reason.
 */
export async function openConsole(
  { spec, files }: Definition,
  { scrollBack, ...options }: MachineConsoleOptions,
): Promise<MachineConsoleEnd> {
  const running = readStatus(files);
  if (running.kind !== 'running') throw notRunning(spec.name, running.kind);
  const output = new OutputAfterScrollBack(options.output);
  try {
    const before = endOfLog(files.serialLog);
    const attached = attachConsole(files.consoleSocket, { ...options, output });
    for (let waits = 0; waits < MOST_WAITS; waits++) {
      await Promise.race([attached, delay(SETTLE_MS)]);
      if (output.holdsBytes || isDeepStrictEqual(endOfLog(files.serialLog), before)) break;
    }
    output.release(scrollBack?.lines ?? 0, files.serialLog, scrollBack?.show);
    if ((await attached) === 'detached') return { kind: 'detached' };
    output.end();
    await finished(output);
  } catch (error) {
    const now = readStatus(files);
    if (error instanceof ConnectError && now.kind !== 'running') throw notRunning(spec.name, now.kind);
    throw error;
  }
  if (await hasEnded(running, END_MS, options.signal)) return { kind: 'ended', status: readStatus(files) };
  throw new MachineStateError(
    spec.name,
    running.state,
    'is still running, but the connection to its console was closed, because this program read the output too slowly',
    {
      hint: `to read the missing output, run: vmlet logs --source serial ${spec.name}; to connect again, run: vmlet console ${spec.name}`,
    },
  );
}

/** Holds back the console's output until the log has been shown, without repeating a byte. */
class OutputAfterScrollBack extends Writable {
  readonly #output: Writable;
  #held: Buffer[] | undefined = [];

  constructor(output: Writable) {
    super();
    this.#output = output;
    output.on('error', (error) => this.destroy(error));
  }

  get holdsBytes(): boolean {
    return this.#held !== undefined && this.#held.length > 0;
  }

  /** Shows the last lines before the held output, and the output. */
  release(lines: number, logPath: string, show?: (bytes: Buffer) => void): void {
    const held = Buffer.concat(this.#held ?? []);
    this.#held = undefined;
    const scrollBack = scrollBackBefore(held, lines, (tailLines) =>
      Buffer.concat([...readLog(logPath, { tailLines })]),
    );
    if (scrollBack.length > 0) show?.(scrollBack);
    this.#output.write(held);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#held) {
      this.#held.push(chunk);
      done();
    } else if (this.#output.write(chunk)) done();
    else this.#output.once('drain', done);
  }
}
