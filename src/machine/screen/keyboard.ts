import { setTimeout as sleep } from 'node:timers/promises';
import { QmpProtocolError, QmpStateError, TimedOutError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { KeyChord } from './keys.ts';

/** The keyboard controller's status port, and the bit that says that a byte waits there for the guest. */
const STATUS_PORT = 0x64;
const OUTPUT_FULL = 1;

const LOOK_AGAIN_MS = 10;
const DEFAULT_HOLD_MS = 20;
const DEFAULT_PAUSE_MS = 20;
const DEFAULT_PATIENCE_MS = 10_000;

export interface SendKeysOptions {
  /** Milliseconds for which the keys of a chord are held; 20 by default. Linux repeats a key after 250. */
  readonly holdMs?: number | undefined;
  /** Milliseconds between two chords; 20 by default. */
  readonly pauseMs?: number | undefined;
  /** Milliseconds until a guest that does not read its keyboard is given up; 10 000 by default. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Presses one chord after the other, as fast as the guest takes them. QEMU's PS/2 keyboard holds 16 bytes, of which
 * a key is 3 and one with Shift 6, and forgets what does not fit; a guest on a busy host lost keys at 5 ms each. So
 * each chord waits until the guest has read the one before.
 *
 * @throws QmpStateError where the guest is stopped, since QEMU forgets what is typed then; TimedOutError when the
 *   guest does not read its keyboard, as after a crash; the signal's reason.
 */
export async function sendKeys(
  qmp: QmpClient,
  chords: readonly KeyChord[],
  options: SendKeysOptions = {},
): Promise<void> {
  const { holdMs = DEFAULT_HOLD_MS, pauseMs = DEFAULT_PAUSE_MS, signal } = options;
  for (const [index, chord] of chords.entries()) {
    if (index > 0) await pause(pauseMs, signal);
    await requireRunning(qmp, signal);
    const keys = chord.map((data) => ({ type: 'qcode' as const, data }));
    await qmp.execute('send-key', { keys, 'hold-time': holdMs }, { signal });
    // The answer comes when they are pressed; QEMU lets them go by itself.
    await pause(holdMs, signal);
    await untilRead(qmp, options, `chord ${index + 1} of ${chords.length}`);
  }
}

async function requireRunning(qmp: QmpClient, signal: AbortSignal | undefined): Promise<void> {
  const { running, status } = await qmp.execute('query-status', {}, { signal });
  if (running) return;
  throw new QmpStateError(`the guest cannot be typed to: it does not run (${status})`, {
    hint: 'let it run with vmlet resume',
  });
}

async function untilRead(qmp: QmpClient, options: SendKeysOptions, what: string): Promise<void> {
  const { patienceMs = DEFAULT_PATIENCE_MS, signal } = options;
  const start = performance.now();
  while ((await keyboardStatus(qmp, signal)) & OUTPUT_FULL) {
    if (performance.now() - start > patienceMs) {
      throw new TimedOutError(`the guest's reading of its keyboard (${what})`, patienceMs, {
        hint: 'it has crashed, is busy, or does not use its PS/2 keyboard; vmlet screenshot shows what it does',
      });
    }
    await pause(LOOK_AGAIN_MS, signal);
  }
}

/** Reading this port changes nothing; QEMU has no command for it but the old monitor's. */
async function keyboardStatus(qmp: QmpClient, signal: AbortSignal | undefined): Promise<number> {
  const answer = await qmp.execute(
    'human-monitor-command',
    { 'command-line': `i /1b 0x${STATUS_PORT.toString(16)}` },
    { signal },
  );
  const [, status] = /= (0x[0-9a-f]+)/.exec(answer) ?? [];
  if (status === undefined) throw new QmpProtocolError(`QEMU read no port: ${answer.trim()}`);
  return Number(status);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    // Node's error has the signal's reason as its cause only.
    signal?.throwIfAborted();
    throw error;
  }
}
