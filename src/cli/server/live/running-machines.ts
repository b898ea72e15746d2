import type { LiveMachine, MachineStatus, MachineStore, NamedMachine } from '../../../machines/index.ts';

/** A machine in one run, and its status now. */
export interface Found {
  readonly status: MachineStatus;
  /** @throws as `NamedMachine.live` does. */
  readonly live: () => LiveMachine;
}

interface Run {
  readonly machine: NamedMachine;
  readonly startedAt: number;
  usedAt: number;
  live?: LiveMachine;
}

const FORGET_MS = 60_000;

/**
 * Finds machines that clients ask about again and again. A running machine keeps its name, its files and its sockets, so
 * its definition is read once for each run.
 */
export class RunningMachines {
  readonly #store: Pick<MachineStore, 'get'>;
  readonly #runs = new Map<string, Run>();

  constructor(store: Pick<MachineStore, 'get'>) {
    this.#store = store;
  }

  /** @throws as `MachineStore.get` and `NamedMachine.status` do. */
  find(name: string): Found {
    const now = performance.now();
    for (const [other, { usedAt }] of this.#runs) if (now - usedAt > FORGET_MS) this.#runs.delete(other);
    const known = this.#runs.get(name);
    const last = known?.machine.status();
    if (known && last && startOf(last) === known.startedAt) {
      known.usedAt = now;
      return foundIn(known, last);
    }
    this.#runs.delete(name);
    const machine = this.#store.get(name);
    const status = machine.status();
    const startedAt = startOf(status);
    if (startedAt === undefined) return { status, live: () => machine.live() };
    const run = { machine, startedAt, usedAt: now };
    this.#runs.set(name, run);
    return foundIn(run, status);
  }
}

function foundIn(run: Run, status: MachineStatus): Found {
  return { status, live: () => (run.live ??= run.machine.live()) };
}

function startOf(status: MachineStatus): number | undefined {
  return status.kind === 'running' ? status.startedAt.getTime() : undefined;
}
