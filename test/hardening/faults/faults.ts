import { Random } from '../../../fixtures/agent/random.ts';
import { stepTracer } from '../../../fixtures/calls/step-tracer/traced.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import type { Findings, HardeningOptions, Section } from '../section.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { type SweepOptions, type Swept, sweep } from './sweep.ts';

/** They mostly wait for processes. */
const AT_ONCE = 3;
/** The share of an operation’s cases that is always run; a smaller scale runs fewer operations. */
const LEAST = 0.05;

/** @param only a case of the raw log, `create:ENOSPC:17`, or a prefix of one. */
export async function sweepFaults(
  options: HardeningOptions,
  only = process.env['VMLET_FAULT'],
): Promise<Findings> {
  const directory = makeTemporaryDirectory();
  process.on('exit', directory.remove);
  try {
    const tracer = await stepTracer(directory.path);
    const waiting = only === undefined ? drawn(options) : OPERATIONS.filter(({ name }) => isOf(only, name));
    if (waiting.length === 0) throw new Error(`there is no operation ${String(only)}`);
    const scale = only === undefined ? Math.max(options.scale, LEAST) : options.scale;
    const results = new Map<Operation, Swept>();
    const work = async (): Promise<void> => {
      for (let operation = waiting.shift(); operation; operation = waiting.shift()) {
        results.set(operation, await sweepOne(operation, { ...options, scale, tracer, only }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const inOrder = OPERATIONS.flatMap((operation) => results.get(operation) ?? []);
    return {
      counts: inOrder.flatMap(({ counts }) => counts),
      faults: inOrder.flatMap(({ faults }) => faults),
      extent: only === undefined ? undefined : OPERATIONS.some(({ name }) => name === only) ? 'rows' : 'less',
    };
  } finally {
    process.off('exit', directory.remove);
    directory.remove();
  }
}

function isOf(only: string, name: string): boolean {
  return `${only}:`.startsWith(`${name}:`);
}

function drawn({ scale, seed }: HardeningOptions): Operation[] {
  const random = new Random(seed);
  const rest = [...OPERATIONS];
  const count = Math.ceil(OPERATIONS.length * Math.min(1, scale / LEAST));
  return Array.from({ length: count }, () => rest.splice(random.below(rest.length), 1)).flat();
}

/** An operation that cannot be swept does not prevent the others. */
async function sweepOne(operation: Operation, options: SweepOptions): Promise<Swept> {
  try {
    return await sweep(operation, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return { counts: [], faults: [`${operation.name} could not be swept: ${String(error)}`] };
  }
}

export const faults: Section = {
  title: 'every step of an operation killed, interrupted, and refused by the host',
  run: sweepFaults,
};
