import { Random } from '../../../fixtures/agent/random.ts';
import type { Step } from '../../../fixtures/calls/step-tracer/traced.ts';
import type { Count, HardeningOptions } from '../section.ts';
import { Bench } from './bench.ts';
import { type Case, nameOfCase, runCase } from './case.ts';
import { changesSomething, errnosOf } from './errnos.ts';
import type { Operation } from './operation.ts';

/** A stack trace may have any length. */
const LONGEST_LINE = 1500;

export interface SweepOptions extends HardeningOptions {
  readonly tracer: string;
  /** Only one case, or all of an operation. */
  readonly only?: string | undefined;
}

export interface Swept {
  readonly counts: readonly Count[];
  readonly faults: readonly string[];
}

/** All faults at all steps, or a part of them, chosen by the seed. */
export async function sweep(operation: Operation, options: SweepOptions): Promise<Swept> {
  const { signal, tracer } = options;
  const bench = await Bench.make(operation, tracer);
  try {
    const course = await bench.course();
    const { steps } = course.traced;
    for (const { number, call, target } of steps)
      options.log(`step ${operation.name}:${number} ${call} ${target}`.replaceAll(bench.home.path, '@'));
    const tally = new Tally(operation, steps.length);
    const scale = options.scale * (operation.part ?? 1);
    for (const one of drawn(casesOf(operation, steps), { ...options, scale })) {
      signal?.throwIfAborted();
      const verdict = await runCase(bench, course, one);
      options.log(describe(one, verdict).replaceAll(bench.home.path, '@'));
      tally.add(one, verdict);
    }
    return tally.result();
  } finally {
    bench.killAll();
    await bench.close();
  }
}

type Verdict = Awaited<ReturnType<typeof runCase>>;

function describe(one: Case, { at, problems, failed }: Verdict): string {
  const where = `${nameOfCase(one)} ${at ?? '(not reached)'}`;
  if (problems.length === 0)
    return `${at === undefined ? 'missed' : 'held'} ${where}${failed ? '' : ', and came through'}`;
  return `FAILED ${where}: ${problems.join('; ')}`.replaceAll('\n', ' | ').slice(0, LONGEST_LINE);
}

function casesOf(operation: Operation, steps: readonly Step[]): Case[] {
  return steps.flatMap((step) => {
    const ends =
      operation.follow === undefined
        ? ['kill-before', 'kill-after', 'interrupt']
        : ['kill-before', 'kill-after'];
    const actions = [...(changesSomething(step) ? ends : []), ...errnosOf(step)];
    return actions.map((action) => ({ operation, action, step: step.number }));
  });
}

function drawn(cases: readonly Case[], { scale, seed, only }: SweepOptions): Case[] {
  const asked = cases.filter((one) => only === undefined || `${nameOfCase(one)}:`.startsWith(`${only}:`));
  const random = new Random(seed);
  const count = Math.ceil(asked.length * scale);
  // One of each stretch, so that no part of an operation is omitted.
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * asked.length) / count);
    const to = Math.floor(((index + 1) * asked.length) / count);
    return asked[from + random.below(Math.max(1, to - from))];
  }).filter((one) => one !== undefined);
}

type Kind = 'kills' | 'interrupts' | 'errors';

function kindOf({ action }: Case): Kind {
  if (action.startsWith('kill')) return 'kills';
  return action === 'interrupt' ? 'interrupts' : 'errors';
}

/** The operations that are counted together. */
function groupOf({ part, follow }: Operation): string {
  if (part !== undefined) return `steps of commands that boot a system, ${part} of them at random`;
  return follow === undefined ? 'steps of commands' : 'steps of helper programs';
}

class Tally {
  readonly #operation: Operation;
  readonly #steps: number;
  readonly #tried: Record<Kind, number> = { kills: 0, interrupts: 0, errors: 0 };
  readonly #held: Record<Kind, number> = { kills: 0, interrupts: 0, errors: 0 };
  readonly #faults: string[] = [];

  constructor(operation: Operation, steps: number) {
    this.#operation = operation;
    this.#steps = steps;
  }

  add(one: Case, { at, problems }: Verdict): void {
    if (at === undefined) return;
    const kind = kindOf(one);
    this.#tried[kind]++;
    if (problems.length === 0) this.#held[kind]++;
    else this.#faults.push(`${nameOfCase(one)}: ${problems.join('; ')}`);
  }

  result(): Swept {
    const kinds = (['kills', 'interrupts', 'errors'] as const).filter((kind) => this.#tried[kind] > 0);
    const sum = (numbers: Record<Kind, number>): number =>
      numbers.kills + numbers.interrupts + numbers.errors;
    const ofKinds = kinds.map((kind) => `${this.#tried[kind]} ${kind}`).join(', ');
    const { name, part } = this.#operation;
    const drawn = part === undefined ? '' : `; ${part} of the cases, at random`;
    const note = `${this.#steps} steps: ${ofKinds}${drawn}`;
    return {
      counts: [
        { what: name, kind: groupOf(this.#operation), tried: sum(this.#tried), held: sum(this.#held), note },
      ],
      faults: this.#faults,
    };
  }
}
