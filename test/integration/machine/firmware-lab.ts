import { supervise, type SupervisedProcess } from '../../../src/process/supervise.ts';
import { GuestConsole } from '../../../src/machine/life/console.ts';
import { keyValueOption } from '../../../src/machine/qemu/quote.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { Scope } from '../../../src/util/scope.ts';

/** A test that waits for words that do not come says for which. */
export const LIMITS = { timeoutMs: 60_000 };

export const environment = { PATH: process.env['PATH'] ?? '/usr/bin' };

/** A real QEMU on q35 with a serial console and a monitor, and what is tried on it. */
export interface Board extends AsyncDisposable {
  readonly qemu: SupervisedProcess;
  readonly qmp: QmpClient;
  readonly console: GuestConsole;
}

export interface BoardParts {
  readonly boardOptions?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  readonly confinement?: readonly string[];
}

export async function startBoard(parts: BoardParts): Promise<Board> {
  const scope = new Scope();
  try {
    const qemu = supervise(
      [
        'qemu-system-x86_64',
        ...[
          '-nodefaults',
          '-no-user-config',
          '-display',
          'none',
          '-m',
          '256',
          '-accel',
          'tcg',
          '-cpu',
          'max',
        ],
        ...['-machine', keyValueOption('q35', { ...parts.boardOptions })],
        ...['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'],
        ...['-chardev', 'socket,id=console,fd=4', '-device', 'isa-serial,chardev=console'],
        ...(parts.arguments ?? []),
      ],
      {
        environment,
        descriptors: ['pipe', 'pipe'],
        ...(parts.confinement && { confinement: parts.confinement }),
      },
      scope,
    );
    const processExit = qemu.exited.then((status) => ({ status, stderr: qemu.output.last(20) }));
    const ended = processExit.then(({ stderr }): never => {
      throw new Error(`QEMU ended: ${stderr.join()}`);
    });
    // The console and QMP tell; nobody else waits for it.
    ended.catch(() => undefined);
    const console = new GuestConsole(qemu.connections.get(4)!, ended, undefined);
    const qmp = await QmpClient.negotiate(qemu.connections.get(3)!, { processExit });
    return { qemu, qmp, console, [Symbol.asyncDispose]: async () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** Brings a board with UEFI and nothing to boot to the prompt of the firmware's own shell. */
export async function reachUefiShell({ console }: Board): Promise<void> {
  await console.waitFor(/any other key to continue/, LIMITS);
  console.write('\r');
  await console.waitFor(/Shell>/, LIMITS);
}

/** Types a line into the firmware's shell, which echoes each letter with a movement of the cursor in between. */
export async function askUefiShell({ console }: Board, line: string, answer: RegExp): Promise<string> {
  console.write(`${line}\r`);
  return console.waitFor(answer, LIMITS);
}
