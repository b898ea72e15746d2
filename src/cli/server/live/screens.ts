import { createHash } from 'node:crypto';
import { type MachineStatus, processorsRun, qemuTime } from '../../../machines/index.ts';
import type { RunningMachines } from './running-machines.ts';

/** A picture is shared by all clients for this long. */
const FRESH_MS = 2000;
const FORGET_MS = 60_000;
/** After this time a picture is taken in any case: the kernel counts processor time in hundredths of a second. */
const REST_MS = 120_000;

export interface Screen {
  readonly png: Buffer;
  /** The same for the same picture. */
  readonly tag: string;
}

interface Taken {
  readonly at: number;
  usedAt: number;
  /** The run and the state that it shows. */
  readonly of: string;
  readonly screen: Promise<Screen>;
  /** Processor time that QEMU had used when the picture was complete. */
  qemuMs: number | undefined;
}

/** Pictures of the screens of machines. */
export class Screens {
  readonly #machines: RunningMachines;
  readonly #taken = new Map<string, Taken>();

  constructor(machines: RunningMachines) {
    this.#machines = machines;
  }

  /**
   * Takes a picture, or returns one of the last two seconds. Returns the last one of a machine that is paused, or whose
   * QEMU has used no processor time since.
   * @throws as `screenshot` does.
   */
  async get(name: string): Promise<Screen> {
    const { status, live } = this.#machines.find(name);
    const [state, run] = status.kind === 'running' ? [status.state, status.startedAt.getTime()] : ['', 0];
    const of = `${run} ${state}`;
    const now = performance.now();
    for (const [other, { usedAt }] of this.#taken) if (now - usedAt > FORGET_MS) this.#taken.delete(other);
    const last = this.#taken.get(name);
    if (last && (now - last.at < FRESH_MS || (last.of === of && isSame(last, status, now)))) {
      last.usedAt = now;
      return last.screen;
    }
    const screen = live()
      .screenshot()
      .then((png) => ({
        png,
        tag: `"${createHash('sha256').update(png).digest('base64url').slice(0, 22)}"`,
      }));
    const taken: Taken = { at: now, usedAt: now, of, screen, qemuMs: undefined };
    this.#taken.set(name, taken);
    try {
      await screen;
    } catch (error) {
      if (this.#taken.get(name) === taken) this.#taken.delete(name);
      throw error;
    }
    taken.qemuMs = qemuTime(status)?.cpuMs;
    return screen;
  }
}

/** Whether the machine still shows the picture of the same run and state. */
function isSame({ at, qemuMs }: Taken, status: MachineStatus, now: number): boolean {
  if (now - at > REST_MS) return false;
  return !processorsRun(status) || (qemuMs !== undefined && qemuTime(status)?.cpuMs === qemuMs);
}
