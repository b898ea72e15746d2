import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { locate } from '../../../src/machine/paths/locations.ts';
import type { LiveMachine } from '../../../src/machines/run/live-machine.ts';
import type { Home } from '../named/home.ts';

/**
 * The files of a named machine that was saved while it ran. It can be started from them again and again, in any home whose
 * networks are the same; that takes a fifth of the time of creating and booting it.
 */
export class StashedMachine {
  readonly #name: string;
  readonly #directory: string;

  /**
   * Saves a running machine, and removes it from its home.
   * @param directory an existing one, for the files.
   */
  static async take(home: Home, name: string, directory: string): Promise<StashedMachine> {
    const machine = home.store.get(name);
    await machine.live().save();
    copyTree(machine.files.directory, join(directory, name));
    await home.store.remove(name, { storage: true });
    return new StashedMachine(name, join(directory, name));
  }

  private constructor(name: string, directory: string) {
    this.#name = name;
    this.#directory = directory;
  }

  async start(home: Home): Promise<LiveMachine> {
    const { machines } = locate(home.environment, home.path, process.getuid?.() ?? 0);
    mkdirSync(machines, { recursive: true, mode: 0o700 });
    copyTree(this.#directory, join(machines, this.#name));
    return home.store.get(this.#name).start();
  }
}

function copyTree(from: string, to: string): void {
  execFileSync('cp', ['-a', '--sparse=always', from, to]);
}
