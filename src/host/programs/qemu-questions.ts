import type { Socket } from 'node:net';
import type { SupervisedProcess } from '../../process/supervise.ts';

/** The two things the probe needs of QMP; the full client is src/qmp, which host may not import. */
export interface QemuQuestions {
  /** What QEMU returns, or undefined where it refuses the question (an older QEMU may not know it). */
  readonly ask: (command: string, parameters?: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** Settles when QEMU stops its guest of its own accord, as after a KVM internal error. */
  readonly stopped: Promise<void>;
}

/** The schema, QEMU's longest answer, has a fifth of a megabyte. */
const LONGEST_LINE = 16 * 1024 * 1024;

type Message = Readonly<Record<string, unknown>>;

/** Speaks QMP on a descriptor that `qemu` inherited. Answers pending when QEMU goes away, or says what is no JSON, are undefined. */
export function questionQemu(qemu: SupervisedProcess, connection: Socket): QemuQuestions {
  const pending = new Map<number, (answer: unknown) => void>();
  let unfinished = '';
  let reportStop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (reportStop = resolve));

  function take(message: Message): void {
    if (message['event'] === 'STOP') reportStop();
    const id = message['id'];
    if (typeof id !== 'number') return;
    pending.get(id)?.(message['return']);
    pending.delete(id);
  }
  function readLine(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      message = undefined;
    }
    if (typeof message === 'object' && message !== null) take(message as Message);
    else giveUp();
  }
  /** Whoever speaks something else than QMP is not QEMU, and is asked nothing more. */
  function giveUp(): void {
    unfinished = '';
    connection.destroy();
  }
  function abandon(): void {
    for (const settle of pending.values()) settle(undefined);
    pending.clear();
  }
  connection.setEncoding('utf8');
  connection.on('data', (text: string) => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') readLine(line);
    if (unfinished.length > LONGEST_LINE) giveUp();
  });
  // A reset is one of the ways in which QEMU's end is seen; `close` follows it.
  connection.on('error', () => undefined);
  connection.on('close', abandon);
  void qemu.exited.then(abandon);

  let lastId = 0;
  async function ask(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (connection.destroyed) return undefined;
    const id = ++lastId;
    return new Promise((resolve) => {
      pending.set(id, resolve);
      connection.write(JSON.stringify({ execute: command, arguments: parameters, id }) + '\n');
    });
  }
  void ask('qmp_capabilities');
  return { ask, stopped };
}
