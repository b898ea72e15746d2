import type { Socket } from 'node:net';
import type { SupervisedProcess } from '../../process/supervise.ts';

/** The few QMP calls that the probe needs; the full client is in src/qmp, which host may not import. */
export interface QemuQuestions {
  /** Returns QEMU's answer, or undefined for an error, as when an older QEMU does not know the command. */
  readonly ask: (command: string, parameters?: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** Settles when QEMU stops its guest by itself, for example after an internal error of KVM. */
  readonly stopped: Promise<void>;
}

/** The schema, QEMU's longest answer, has about 200 kB. */
const LONGEST_LINE = 16 * 1024 * 1024;

type Message = Readonly<Record<string, unknown>>;

/** Speaks QMP on a descriptor that `qemu` inherited. Pending answers become undefined when QEMU exits or sends invalid JSON. */
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
  /** A peer that does not speak QMP is not QEMU; it gets no further commands. */
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
  // QEMU's end may show as a connection reset; `close` follows it.
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
