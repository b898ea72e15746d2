import { createHash } from 'node:crypto';
import { type MachineStore, qemuTime } from '../../../machines/index.ts';

/** A picture is shared by all clients for this long. */
const FRESH_MS = 2000;
const FORGET_MS = 60_000;
/** After this time a picture is taken even if QEMU has not run: it may have run between the picture and its reading. */
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
  readonly #store: MachineStore;
  readonly #taken = new Map<string, Taken>();

  constructor(store: MachineStore) {
    this.#store = store;
  }

  /**
   * Takes a picture, or returns one of the last two seconds. Returns the last one of a machine that is paused, or whose
   * QEMU has used no processor time since.
   * @throws as `screenshot` does.
   */
  async get(name: string): Promise<Screen> {
    const machine = this.#store.get(name);
    const status = machine.status();
    const [state, run] = status.kind === 'running' ? [status.state, status.startedAt.getTime()] : ['', 0];
    const of = `${run} ${state}`;
    const now = performance.now();
    for (const [other, { usedAt }] of this.#taken) if (now - usedAt > FORGET_MS) this.#taken.delete(other);
    const last = this.#taken.get(name);
    const isAtRest = (): boolean =>
      last?.qemuMs !== undefined && now - last.at < REST_MS && qemuTime(status)?.cpuMs === last.qemuMs;
    const isSame = (): boolean => last?.of === of && (state !== 'running' || isAtRest());
    if (last && (now - last.at < FRESH_MS || isSame())) {
      last.usedAt = now;
      return last.screen;
    }
    const screen = machine
      .live()
      .screenshot()
      .then((png) => ({
        png,
        tag: `"${createHash('sha256').update(png).digest('base64url').slice(0, 22)}"`,
      }));
    const taken: Taken = { at: now, usedAt: now, of, screen, qemuMs: undefined };
    this.#taken.set(name, taken);
    await screen;
    taken.qemuMs = qemuTime(machine.status())?.cpuMs;
    return screen;
  }
}
