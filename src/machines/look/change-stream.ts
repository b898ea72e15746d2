import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { networkNames } from '../../network/private/network-shelf.ts';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { pause } from '../../util/time/pause.ts';
import { machineNames } from '../record/definition.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { readRun } from '../record/machine-status.ts';

/** Options of following changes of machines or networks. */
export interface MachineChangesOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A keeper that is killed changes no file. */
const LOOK_EVERY_MS = 5000;
/** A start or an end replaces several files. */
const SETTLE_MS = 50;

/**
 * Yields the names of machines that may have been created, changed or removed: first of all machines, then of those whose
 * files changed. Changes that come together are yielded together.
 * @throws the signal's reason, or the error of a look.
 */
export async function* followMachineChanges(
  locations: Locations,
  { signal }: MachineChangesOptions,
): AsyncGenerator<readonly string[], void, undefined> {
  using watched = new Watched(locations.machines, () => machineNames(locations));
  yield* changesOf(watched, signal);
}

/** The same of private networks. */
export async function* followNetworkChanges(
  locations: Locations,
  { signal }: MachineChangesOptions,
): AsyncGenerator<readonly string[], void, undefined> {
  using watched = new Watched(locations.networks, () => networkNames(locations.networks));
  yield* changesOf(watched, signal);
}

async function* changesOf(
  watched: Watched,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[], void, undefined> {
  const ignoreAbort = signal && onAbort(signal, () => watched.wake());
  try {
    for (;;) {
      await watched.changed();
      signal?.throwIfAborted();
      await pause(SETTLE_MS, signal);
      const names = watched.take();
      if (names.length > 0) yield names;
    }
  } finally {
    ignoreAbort?.();
  }
}

/** Watches a folder of machines or networks, and the folder of each. */
class Watched implements Disposable {
  readonly #folder: string;
  readonly #names: () => string[];
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #keepers = new Map<string, ProcessIdentity>();
  readonly #changed = new Set<string>();
  readonly #timer = setInterval(() => this.#lookAgain(), LOOK_EVERY_MS);
  #known = new Set<string>();
  #parent: FSWatcher | undefined;
  #woken: Deferred<undefined> = deferred();
  #failure: { readonly error: unknown } | undefined;

  constructor(folder: string, names: () => string[]) {
    this.#folder = folder;
    this.#names = names;
    try {
      this.#look();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.wake();
  }

  async changed(): Promise<void> {
    await this.#woken.promise;
    if (this.#failure) throw this.#failure.error;
  }

  wake(): void {
    this.#woken.resolve(undefined);
  }

  take(): string[] {
    this.#woken = deferred();
    this.#lookForNames();
    const names = [...this.#changed];
    this.#changed.clear();
    for (const name of names) this.#rememberKeeper(name);
    return names;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#parent?.close();
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** A timer has nobody to throw to. */
  #lookAgain(): void {
    try {
      this.#look();
    } catch (error) {
      this.#failure = { error };
      this.wake();
    }
  }

  #look(): void {
    this.#parent ??= this.#watch(this.#folder, (name) => {
      if (name === undefined) this.wake();
      else if (!name.startsWith('.')) this.#noteOther(name);
    });
    this.#lookForNames();
    for (const [name, keeper] of this.#keepers) {
      if (!isAlive(keeper)) this.#note(name);
    }
    // Changes of these cause no events.
    for (const name of this.#known) if (!this.#watchers.has(name)) this.#note(name);
  }

  #lookForNames(): void {
    const names = new Set(this.#names());
    for (const name of this.#known) {
      if (!names.has(name)) this.#noteOther(name);
    }
    for (const name of names) {
      if (!this.#known.has(name)) this.#note(name);
      if (this.#watchers.has(name)) continue;
      const watcher = this.#watch(join(this.#folder, name), () => this.#note(name));
      if (!watcher) continue;
      this.#watchers.set(name, watcher);
      // It may have changed before.
      this.#note(name);
    }
    this.#known = names;
  }

  /** The folder of this name was created, removed or replaced. */
  #noteOther(name: string): void {
    this.#watchers.get(name)?.close();
    this.#watchers.delete(name);
    this.#note(name);
  }

  #note(name: string): void {
    this.#changed.add(name);
    this.wake();
  }

  #rememberKeeper(name: string): void {
    this.#keepers.delete(name);
    const directory = join(this.#folder, name);
    try {
      const run = readRun(definitionFiles(directory));
      if (run && isAlive(run.keeper)) this.#keepers.set(name, run.keeper);
    } catch {
      // A broken record is reported when the machine is looked at.
    }
  }

  /** Undefined if the directory is missing, or the user's watches are used up: then only the timer looks. */
  #watch(folder: string, onChange: (name: string | undefined) => void): FSWatcher | undefined {
    let watcher: FSWatcher;
    try {
      watcher = watch(folder, (_kind, name) => onChange(name ?? undefined));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return undefined;
    }
    // Its folder was removed; the names tell.
    watcher.on('error', () => this.wake());
    return watcher;
  }
}
