import { QmpProtocolError, QmpStateError, TimedOutError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { pause } from '../../util/time/pause.ts';
import type { KeyChord } from './keys.ts';

/** The keyboard controller's status port, and the bit that is set while a byte waits for the guest. */
const STATUS_PORT = 0x64;
const OUTPUT_FULL = 1;

const LOOK_AGAIN_MS = 10;
const DEFAULT_HOLD_MS = 20;
const DEFAULT_PAUSE_MS = 20;
const DEFAULT_PATIENCE_MS = 10_000;

export interface SendKeysOptions {
  /** The machine's name in hints. */
  readonly machine?: string | undefined;
  /** Milliseconds for which the keys of a chord are held; 20 by default. Linux repeats a key after 250. */
  readonly holdMs?: number | undefined;
  /** Milliseconds between two chords; 20 by default. */
  readonly pauseMs?: number | undefined;
  /** Milliseconds to wait for a guest that does not read its keyboard; 10 000 by default. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Presses one chord after the other, as fast as the guest reads them. QEMU's PS/2 keyboard buffers 16 bytes,
 * of which a key takes 3 and a key with Shift 6, and drops the rest; a guest on a busy host lost keys at 5 ms
 * each. Therefore each chord waits until the guest has read the previous one.
 *
 * @throws QmpStateError when the guest is paused, because QEMU then drops the input; TimedOutError when the
 * guest does not read its keyboard, as after a crash; the signal's reason.
 */
export async function sendKeys(
  qmp: QmpClient,
  chords: readonly KeyChord[],
  options: SendKeysOptions = {},
): Promise<void> {
  const { holdMs = DEFAULT_HOLD_MS, pauseMs = DEFAULT_PAUSE_MS, signal } = options;
  for (const [index, chord] of chords.entries()) {
    if (index > 0) await pause(pauseMs, signal);
    await requireRunning(qmp, options);
    const keys = chord.map((data) => ({ type: 'qcode' as const, data }));
    await qmp.execute('send-key', { keys, 'hold-time': holdMs }, { signal });
    // QEMU answers when the keys are pressed, and releases them by itself.
    await pause(holdMs, signal);
    await untilRead(qmp, options, `key combination ${index + 1} of ${chords.length}`);
  }
}

/** States from which resuming does not help. */
const DEAD: ReadonlySet<string> = new Set(['guest-panicked', 'internal-error', 'shutdown']);

async function requireRunning(qmp: QmpClient, { machine = 'NAME', signal }: SendKeysOptions): Promise<void> {
  const { running, status } = await qmp.execute('query-status', {}, { signal });
  if (running) return;
  throw new QmpStateError(`cannot send keys: the guest is not running (${status})`, {
    hint: DEAD.has(status) ? `restart the machine: vmlet restart ${machine}` : `run: vmlet resume ${machine}`,
  });
}

async function untilRead(qmp: QmpClient, options: SendKeysOptions, what: string): Promise<void> {
  const { patienceMs = DEFAULT_PATIENCE_MS, signal } = options;
  const start = performance.now();
  while ((await keyboardStatus(qmp, signal)) & OUTPUT_FULL) {
    if (performance.now() - start > patienceMs) {
      throw new TimedOutError(`waiting for the guest to read ${what} from its keyboard`, patienceMs, {
        hint: `check the screen (vmlet screenshot ${options.machine ?? 'NAME'}): the guest may have crashed, may be busy, or may not use its PS/2 keyboard`,
      });
    }
    await pause(LOOK_AGAIN_MS, signal);
  }
}

/** Reading this port has no side effects; only QEMU's human monitor has a command for it. */
async function keyboardStatus(qmp: QmpClient, signal: AbortSignal | undefined): Promise<number> {
  const answer = await qmp.execute(
    'human-monitor-command',
    { 'command-line': `i /1b 0x${STATUS_PORT.toString(16)}` },
    { signal },
  );
  const [, status] = /= (0x[0-9a-f]+)/.exec(answer) ?? [];
  if (status === undefined)
    throw new QmpProtocolError(`QEMU sent an unexpected answer about the guest's keyboard: ${answer.trim()}`);
  return Number(status);
}
