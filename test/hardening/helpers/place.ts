import { delimiter } from 'node:path';
import { makeTemporaryDirectory } from '../../directory.ts';
import type { Finished } from '../../e2e/command.ts';
import { type Home, makeHome, processesOf } from '../../e2e/named/home.ts';
import { PARENT } from '../faults/bench.ts';
import { StandIn } from './stand-in.ts';

/** A command that was ended by us is one that hangs. */
export interface Ended extends Finished {
  readonly hung: boolean;
  readonly milliseconds: number;
}

export interface CommandLimits {
  /** After which it is ended by us; five minutes by default. */
  readonly limitMs?: number;
  /** After which it gets Ctrl-C, and once more ten seconds later; never by default. */
  readonly interruptMs?: number | undefined;
}

const LIMIT_MS = 300_000;
const SECOND_INTERRUPT_MS = 10_000;

/** A home in which all that vmlet starts goes by way of a stand-in. */
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
      const standIn = new StandIn(directory.path);
      return new Place(await openHome(directory.path, standIn), standIn, directory);
    } catch (error) {
      directory.remove();
      throw error;
    }
  }

  async command(words: readonly string[], limits: CommandLimits = {}): Promise<Ended> {
    const { limitMs = LIMIT_MS, interruptMs } = limits;
    const began = performance.now();
    const { process: child, finished } = this.home.start(
      words.map((word) => word.replace('@/', `${this.home.path}/`)),
    );
    let hung = false;
    const interrupts = interruptMs === undefined ? [] : [interruptMs, interruptMs + SECOND_INTERRUPT_MS];
    const timers = [
      ...interrupts.map((after) => setTimeout(() => child.kill('SIGINT'), after)),
      setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, limitMs),
    ];
    const ended = await finished;
    for (const timer of timers) clearTimeout(timer);
    return { ...ended, hung, milliseconds: performance.now() - began };
  }

  killAll(): void {
    for (const { pid } of this.home.processes()) process.kill(pid, 'SIGKILL');
  }

  /** @param closeHome of somebody who has more to close. */
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

/** Its processes are all that have to do with the package, too: programs have no environment, and perhaps no files. */
async function openHome(directory: string, standIn: StandIn): Promise<Home> {
  const home = await makeHome(directory, standIn.command);
  home.environment['PATH'] = [standIn.programs, process.env['PATH']].join(delimiter);
  return { ...home, processes: () => processesOf(directory) };
}
