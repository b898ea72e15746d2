import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { efiProgram } from '../../../fixtures/guests/efi-application.ts';
import { run } from '../../../src/process/run.ts';
import { supervise, type SupervisedProcess } from '../../../src/process/supervise.ts';
import { GuestConsole } from '../../../src/machine/life/guest-console.ts';
import { keyValueOption } from '../../../src/machine/qemu/quote.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { Scope } from '../../../src/util/scope.ts';

/** The error of a timed-out wait names the expected text. */
export const LIMITS = { timeoutMs: 60_000 };

export const environment = { PATH: process.env['PATH'] ?? '/usr/bin' };

/** A real QEMU on q35 with a serial console and a monitor. */
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
    // The console and QMP report it; nothing else waits for it.
    ended.catch(() => undefined);
    const console = new GuestConsole(qemu.connections.get(4)!, ended, undefined);
    const qmp = await QmpClient.negotiate(qemu.connections.get(3)!, { processExit });
    return { qemu, qmp, console, [Symbol.asyncDispose]: async () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The program of fixtures/guests/efi-variable for UEFI, compiled into `directory`. */
export async function efiVariableProgram(directory: string): Promise<Buffer> {
  const code = join(directory, 'efi-variable');
  await run([
    'make',
    '-s',
    '-C',
    join(import.meta.dirname, '../../../fixtures/guests/efi-variable'),
    `OUT=${code}`,
  ]);
  return efiProgram(readFileSync(code));
}

/** Types a character into that program, and waits for its answer: a letter is stored, others return it. */
export async function askEfiVariable({ console }: Board, character: string, stored: string): Promise<void> {
  await console.waitFor(/ready to store/, LIMITS);
  console.write(character);
  await console.waitFor(new RegExp(`[${character}]: stored is ${stored}\r?$`), LIMITS);
}
