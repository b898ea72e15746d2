import type { Random } from '../../../../fixtures/agent/random.ts';
import { type DirectoryNode, newDirectory, treeOf } from './node.ts';
import { type Operation, randomOperation } from './operation.ts';
import type { Side } from './session.ts';

const MOST_AT_ONCE = 6;
/** The end of the history, for a report. */
const LAST_OPERATIONS = 12;

export interface AlternationOptions {
  readonly operations: number;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Alternation {
  /** Operations that had the result of the model, before the first that had not. */
  readonly held: number;
  /** How often one side looked at everything, after the other had changed something. */
  readonly looks: number;
  readonly fault?: string;
}

/** A side, and the owner that it sees: UID:GID. */
export interface Seen {
  readonly side: Side;
  readonly owner: string;
}

/**
 * Random operations by both sides in turns, the same on a model in memory. Each side first compares all entries with
 * the model, then makes some changes, and compares again.
 */
export async function alternate(
  sides: readonly [Seen, Seen],
  { operations, random, log, signal }: AlternationOptions,
): Promise<Alternation> {
  const root = newDirectory(0o755);
  const history: string[] = [];
  let [held, looks] = [0, 0];
  for (let turn = 0; held < operations; turn++) {
    signal?.throwIfAborted();
    const { side, owner } = sides[turn % 2]!;
    const count = Math.min(1 + random.below(MOST_AT_ONCE), operations - held);
    const made = Array.from({ length: count }, () => randomOperation(random));
    const expected = expectationOf(root, made, owner);
    const lines = ['tree', ...made.map(({ calls }) => `- ${calls}`), 'tree'];
    const answers = await side.call(lines);
    looks += 2;
    for (const [index, answer] of answers.entries()) {
      const fault = differenceOf(lines[index]!, answer, expected[index]!);
      if (fault !== undefined) {
        const before = history.slice(-LAST_OPERATIONS).join('\n');
        log(`${before}\nFAILED ${side.name}, operation ${held}: ${fault}`);
        return { held, looks, fault: `after ${held} operations, on the ${side.name}: ${fault}` };
      }
      if (lines[index] !== 'tree') {
        held++;
        history.push(`${side.name} ${lines[index]!}: ${answer.join()}`);
      }
    }
  }
  log(`${held} operations, ${looks} looks, ${treeOf(root, '').length} entries at the end`);
  return { held, looks };
}

function expectationOf(root: DirectoryNode, made: readonly Operation[], owner: string): string[][] {
  const before = treeOf(root, owner);
  const results = made.map(({ apply }) => [apply(root)]);
  return [before, ...results, treeOf(root, owner)];
}

function differenceOf(
  line: string,
  answer: readonly string[],
  expected: readonly string[],
): string | undefined {
  const at = expected.findIndex((text, index) => text !== answer[index]);
  if (at < 0 && answer.length === expected.length) return undefined;
  const index = at < 0 ? expected.length : at;
  return `${line}: ${answer[index] ?? 'nothing'} instead of ${expected[index] ?? 'nothing'}`;
}
