import { delimiter } from 'node:path';
import { makeTemporaryDirectory } from '../../directory.ts';
import type { Finished } from '../../e2e/command.ts';
import { type Home, makeHome, processesOf } from '../../e2e/named/home.ts';
import { PARENT } from '../faults/bench.ts';
import { StandIn } from './stand-in.ts';

/** A command that had to be killed counts as hanging. */
export interface Ended extends Finished {
  readonly hung: boolean;
  readonly milliseconds: number;
}

export interface CommandLimits {
  /** The time after which it is killed; five minutes by default. */
  readonly limitMs?: number;
  /** It gets Ctrl-C that long after the event, and again ten seconds later; never by default. */
  readonly interrupt?: { readonly event: Promise<void>; readonly afterMs: number } | undefined;
}

const LIMIT_MS = 300_000;
const SECOND_INTERRUPT_MS = 10_000;

/** A home in which every program that vmlet starts goes through a stand-in. */
export class Place {
  readonly home: Home;
  readonly standIn: StandIn;
  readonly #directory: ReturnType<typeof makeTemporaryDirectory>;

  private constructor(home: Home, standIn: StandIn, directory: ReturnType<typeof makeTemporaryDirectory>) {
    this.home = home;
    this.standIn = standIn;
    this.#directory = directory;
  }

  static async make(): Promise<Place> {
    const directory = makeTemporaryDirectory(PARENT);
    try {
      const standIn = await StandIn.make(directory.path);
      return new Place(await openHome(directory.path, standIn), standIn, directory);
    } catch (error) {
      directory.remove();
      throw error;
    }
  }

  async command(words: readonly string[], limits: CommandLimits = {}): Promise<Ended> {
    const { limitMs = LIMIT_MS, interrupt } = limits;
    const began = performance.now();
    const { process: child, finished } = this.home.start(
      words.map((word) => word.replace('@/', `${this.home.path}/`)),
    );
    let hung = false;
    const timers = [
      setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, limitMs),
    ];
    let running = true;
    void interrupt?.event.then(() => {
      if (!running) return;
      for (const after of [interrupt.afterMs, interrupt.afterMs + SECOND_INTERRUPT_MS])
        timers.push(setTimeout(() => child.kill('SIGINT'), after));
    });
    const ended = await finished;
    running = false;
    for (const timer of timers) clearTimeout(timer);
    return { ...ended, hung, milliseconds: performance.now() - began };
  }

  killAll(): void {
    for (const { pid } of this.home.processes()) process.kill(pid, 'SIGKILL');
  }

  /** @param closeHome releases further resources. */
  async close(closeHome = async (): Promise<void> => this.home.close()): Promise<void> {
    try {
      this.standIn.behave(undefined);
      this.killAll();
      await closeHome();
    } finally {
      this.#directory.remove();
    }
  }
}

/** Includes all processes that use the package: programs may have no environment and no files. */
async function openHome(directory: string, standIn: StandIn): Promise<Home> {
  const home = await makeHome(directory, standIn.command);
  home.environment['PATH'] = [standIn.programs, process.env['PATH']].join(delimiter);
  return { ...home, processes: () => processesOf(directory) };
}
