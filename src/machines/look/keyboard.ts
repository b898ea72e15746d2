import { sendKeys } from '../../machine/screen/keyboard.ts';
import { keysOfText, parseKeys } from '../../machine/screen/keys.ts';
import { InvalidInputError } from '../../errors/index.ts';
import type { Definition } from '../record/definition.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { notRunning, readStatus } from '../record/machine-status.ts';
import { noScreen } from './screen.ts';
import { withMonitor } from '../channel/monitor.ts';

export interface KeyboardInput {
  /** Typed first, on a US keyboard; a newline is Enter. */
  readonly text?: string | undefined;
  /** Combinations such as `ctrl-alt-f2`, pressed one after the other. */
  readonly keys?: readonly string[] | undefined;
  /** Milliseconds for which each is held; 20 by default. */
  readonly holdMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** With more the short commands would wait too long for their monitor. */
const FEW = 20;

/**
 * Types on the machine's keyboard, as fast as the guest reads.
 * @throws InvalidInputError, MissingDeviceError where it has no keyboard, MachineStateError, MachineEndedError, QmpStateError (it is paused), TimedOutError (the
 *   guest does not read its keyboard), or the signal's reason.
 */
export async function typeOnMachine(definition: Definition, input: KeyboardInput): Promise<void> {
  const { text = '', keys = [], holdMs, signal } = input;
  const chords = [...keysOfText(text), ...keys.map(parseKeys)];
  if (chords.length === 0) throw new InvalidInputError('keys', 'none was given');
  requireKeyboard(definition);
  await withMonitor(definition, async (qmp) => sendKeys(qmp, chords, { holdMs, signal }), {
    signal,
    waitsForGuest: chords.length > FEW,
  });
}

/** A machine without a screen may have no keyboard either: QEMU takes the keys, and nobody reads them. */
function requireKeyboard({ spec, files }: Definition): void {
  const status = readStatus(files);
  if (status.kind !== 'running') throw notRunning(spec.name, status.kind);
  const { board } = readPlan(files);
  if ('i8042' in board.options) throw noScreen(spec, 'keyboard', 'has no screen, and no keyboard');
}
