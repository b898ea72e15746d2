import { delimiter } from 'node:path';
import { makeTemporaryDirectory } from '../../directory.ts';
import type { Finished } from '../../e2e/command.ts';
import { type Home, makeHome, processesOf } from '../../e2e/named/home.ts';
import { settle } from '../../e2e/named/truth.ts';
import { Bench, type Course, PARENT } from '../faults/bench.ts';
import type { Operation } from '../faults/operation.ts';
import { StandIn } from './stand-in.ts';

/** A command that was ended by us is one that hangs. */
export interface Ended extends Finished {
  readonly hung: boolean;
  readonly milliseconds: number;
}

/** One operation, done again and again with programs that stand-ins are in the place of. */
export class Lab {
  readonly bench: Bench;
  readonly standIn: StandIn;
  readonly #directory: ReturnType<typeof makeTemporaryDirectory>;

  private constructor(bench: Bench, standIn: StandIn, directory: ReturnType<typeof makeTemporaryDirectory>) {
    this.bench = bench;
    this.standIn = standIn;
    this.#directory = directory;
  }

  static async open(operation: Operation): Promise<Lab> {
    const directory = makeTemporaryDirectory(PARENT);
    try {
      const standIn = new StandIn(directory.path);
      const bench = await Bench.make(byItsOwnProcess(operation), '', async () =>
        openHome(directory.path, standIn),
      );
      return new Lab(bench, standIn, directory);
    } catch (error) {
      for (const { pid } of processesOf(directory.path)) process.kill(pid, 'SIGKILL');
      directory.remove();
      throw error;
    }
  }

  get home(): Home {
    return this.bench.home;
  }

  /** How the operation goes when all programs behave, and whom it starts. */
  async course(): Promise<{ readonly course: Omit<Course, 'traced'>; readonly calls: readonly string[] }> {
    await this.bench.begin();
    const before = await this.bench.state();
    this.standIn.behave(undefined);
    const { status, stderr } = await this.bench.again();
    const calls = this.standIn.calls();
    if (status !== 0) throw new Error(`it fails without a fault: ${stderr}`);
    await settle(this.home);
    const after = await this.bench.state();
    await this.bench.empty();
    return { course: { before, after, empty: await this.bench.state() }, calls };
  }

  /** One command, ended by us after this time. */
  async command(words: readonly string[], limitMs: number): Promise<Ended> {
    const began = performance.now();
    const { process: child, finished } = this.home.start(
      words.map((word) => word.replace('@/', `${this.home.path}/`)),
    );
    let hung = false;
    const limit = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, limitMs);
    const ended = await finished;
    clearTimeout(limit);
    return { ...ended, hung, milliseconds: performance.now() - began };
  }

  async close(): Promise<void> {
    try {
      this.bench.killAll();
      await this.bench.close();
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

/** What the library does in this process goes past the stand-ins. */
function byItsOwnProcess(operation: Operation): Operation {
  const begin = operation.begin?.map((words) =>
    words.join(' ') === 'start m' ? ['start', 'm', '--identity-timeout', '60s'] : words,
  );
  return { ...operation, ...(begin && { begin }) };
}
