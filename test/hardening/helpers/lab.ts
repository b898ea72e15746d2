import { settle } from '../../e2e/named/truth.ts';
import type { Home } from '../../e2e/named/home.ts';
import { Bench, type Course } from '../faults/bench.ts';
import type { Operation } from '../faults/operation.ts';
import { Place } from './place.ts';
import type { StandIn } from './stand-in.ts';

/** One operation, repeated with stand-ins in place of its programs. */
export class Lab {
  readonly bench: Bench;
  readonly place: Place;

  private constructor(bench: Bench, place: Place) {
    this.bench = bench;
    this.place = place;
  }

  static async open(operation: Operation): Promise<Lab> {
    const place = await Place.make();
    try {
      return new Lab(
        await Bench.make(byItsOwnProcess(operation), '', async () => Promise.resolve(place.home)),
        place,
      );
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  get home(): Home {
    return this.bench.home;
  }

  get standIn(): StandIn {
    return this.place.standIn;
  }

  /** A run in which all programs behave, and the programs that it starts. */
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

  async close(): Promise<void> {
    await this.place.close(async () => this.bench.close());
  }
}

/** The library’s calls in this process bypass the stand-ins. */
function byItsOwnProcess(operation: Operation): Operation {
  const begin = operation.begin?.map((words) =>
    words.join(' ') === 'start m' ? ['start', 'm', '--identity-timeout', '60s'] : words,
  );
  return { ...operation, ...(begin && { begin }) };
}
