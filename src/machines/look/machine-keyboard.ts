import { sendKeys } from '../../machine/screen/keyboard.ts';
import { keysOfText, parseKeys } from '../../machine/screen/keys.ts';
import { InvalidInputError } from '../../errors/index.ts';
import type { Definition } from '../record/definition.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { requireRunning } from '../record/machine-status.ts';
import { noScreen } from './screen.ts';
import { withMonitor } from '../channel/monitor.ts';

/** Text and keys to type on a machine's keyboard. */
export interface KeyboardInput {
  /** Text to type first, on a US keyboard; a newline is Enter. */
  readonly text?: string | undefined;
  /** Combinations such as `ctrl-alt-f2`, pressed one after the other. */
  readonly keys?: readonly string[] | undefined;
  /** How long each key is held, in milliseconds; 20 by default. */
  readonly holdMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** With more keys, short commands would wait too long for their monitor. */
const FEW = 20;

/**
 * Types on the machine's keyboard, at the speed at which the guest reads it.
 * @throws InvalidInputError, MissingDeviceError when it has no keyboard, MachineStateError, MachineEndedError,
 *   QmpStateError (paused), TimedOutError (the guest does not read its keyboard), or the signal's reason.
 */
export async function typeOnMachine(definition: Definition, input: KeyboardInput): Promise<void> {
  const { text = '', keys = [], holdMs, signal } = input;
  const chords = [...keysOfText(text), ...keys.map(parseKeys)];
  if (chords.length === 0) {
    throw new InvalidInputError('keys', 'no keys or text to type', {
      hint: 'give keys such as enter or ctrl-alt-f2, or use --text TEXT',
    });
  }
  requireKeyboard(definition);
  await withMonitor(
    definition,
    async (qmp) => sendKeys(qmp, chords, { machine: definition.spec.name, holdMs, signal }),
    {
      signal,
      waitsForGuest: chords.length > FEW,
    },
  );
}

/** A machine without a screen may also lack a keyboard: QEMU accepts the keys, and no driver reads them. */
function requireKeyboard({ spec, files }: Definition): void {
  requireRunning({ spec, files });
  const { board } = readPlan(files);
  if ('i8042' in board.options) throw noScreen(spec, 'keyboard', 'has no screen and no keyboard');
}
