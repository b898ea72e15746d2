import { existsSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { ConnectError, MachineStateError } from '../../errors/index.ts';
import { type AttachConsoleOptions, attachConsole } from '../../machine/screen/console-client.ts';
import type { Definition } from '../record/definition.ts';
import { hasEnded } from '../channel/ended.ts';
import { type MachineStatus, readStatus, requireRunning } from '../record/machine-status.ts';
import { OutputAfterScrollBack, type ScrollBack } from './scroll-back.ts';

/** Options of a connection to a machine's console. */
export interface MachineConsoleOptions extends AttachConsoleOptions {
  /** Earlier output, from the log; none by default. */
  readonly scrollBack?: ScrollBack;
}

/** Why a connection to a machine's console ended. */
export type MachineConsoleEnd =
  | { readonly kind: 'detached' }
  /** `status` is the machine's status after the end. */
  | { readonly kind: 'ended'; readonly status: MachineStatus };

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
  const running = requireRunning({ spec, files });
  const output = new OutputAfterScrollBack(options.output, files, scrollBack);
  try {
    if ((await attachConsole(files.serialSocket, { ...options, output })) === 'detached')
      return { kind: 'detached' };
    output.end();
    await finished(output);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const { state } = requireRunning({ spec, files });
    if (existsSync(files.serialSocket) || !existsSync(files.consoleSocket)) throw error;
    throw new MachineStateError(
      spec.name,
      state,
      'was started by an earlier release of vmlet, whose console cannot follow the log',
      { hint: `to connect without earlier output, run: vmlet console ${files.consoleSocket}` },
    );
  } finally {
    output.destroy();
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
