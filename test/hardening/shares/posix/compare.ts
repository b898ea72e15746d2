import type { PosixCase } from './case.ts';
import type { Difference } from './differences.ts';
import { IS_ROOT, type Kind } from './kinds.ts';
import type { Tried } from './try-cases.ts';

export interface Verdict {
  /** Unexpected results, a sentence each. */
  readonly faults: readonly string[];
  /** Expected differences that occurred. */
  readonly used: readonly Difference[];
}

const OWNER = /(?<= )\d+:\d+(?= )/g;
/** A file that its owner may not read; its last word is the digest of its content. */
const UNREADABLE = /( f \d[0-3]\d\d .*) \S+$/;

/** The results of a case on a share, compared with those on the guest's own file system, and with the host's view. */
export function compare(
  one: PosixCase,
  kind: Kind,
  { own, shared, host }: { own: Tried; shared: Tried; host: readonly string[] },
  differences: readonly Difference[],
): Verdict {
  const calls = [...one.setup, ...one.calls].flatMap((line) => line.slice(line.indexOf(' ') + 1).split(';'));
  const [expected, results] = [own, shared].map(({ answers }) => answers.flatMap(resultsOf));
  const faults: string[] = [];
  const used: Difference[] = [];
  if (results?.length !== calls.length)
    faults.push(`${results?.length ?? 0} results of ${calls.length} calls`);
  for (const [index, call] of calls.entries()) {
    const was = squashed(expected?.[index] ?? '', kind);
    const result = results?.[index] ?? '';
    if (result === was) continue;
    const reason = differences.find((difference) => explains(difference, kind, one, call, was, result));
    if (reason) used.push(reason);
    else faults.push(`${call}: ${result} instead of ${was}`);
  }
  // Entries differ where a call did.
  if (used.length === 0)
    faults.push(
      ...unlike(
        shared.tree,
        own.tree.map((entry) => unreadable(squashed(entry, kind))),
        "the guest's own",
      ),
    );
  faults.push(
    ...unlike(
      shared.tree.map((entry) => onHost(entry, kind)),
      host,
      "the host's",
    ),
  );
  return { faults: faults.map((fault) => `${kind.name}: ${one.name}: ${fault}`), used };
}

/** The words of an answer: names, numbers, quoted texts, entries in brackets. */
function resultsOf(answer: string): string[] {
  return answer.match(/\[[^\]]*\]|"[^"]*"|\S+/g) ?? [];
}

function squashed(text: string, { squashedTo }: Kind): string {
  return squashedTo === undefined ? text : text.replace(OWNER, squashedTo);
}

/** Only root's virtiofsd reads such a file. */
function unreadable(entry: string): string {
  return IS_ROOT ? entry : entry.replace(UNREADABLE, '$1 EACCES');
}

function onHost(entry: string, { squashedTo }: Kind): string {
  if (squashedTo === undefined) return entry;
  return entry.replace(OWNER, `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`);
}

function explains(
  { kinds, cases, call, was, becomes }: Difference,
  kind: Kind,
  one: PosixCase,
  made: string,
  expected: string,
  result: string,
): boolean {
  return (
    (kinds?.includes(kind.name) ?? true) &&
    (cases?.test(one.name) ?? true) &&
    call.test(made) &&
    (was?.test(expected) ?? true) &&
    becomes.test(result)
  );
}

function unlike(entries: readonly string[], others: readonly string[], whose: string): string[] {
  const at = Math.max(entries.length, others.length);
  return Array.from({ length: at }, (_, index) => index)
    .filter((index) => entries[index] !== others[index])
    .map((index) => `${entries[index] ?? 'no entry'} is ${whose} ${others[index] ?? 'missing entry'}`);
}
