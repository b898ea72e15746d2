import { GuestCommandError, GuestUnitError, describeExit } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { ProbedGuest } from './guest-run.ts';
import { matches } from './probe-pattern.ts';
import type { Look } from './wait-until.ts';

/** On a busy host, a line may arrive in pieces; a prompt has no line end, and nothing follows it. */
const UNFINISHED_MS = 500;

/**
 * Returns the first matching line on the serial console, from the last 1000 or later. A line without an end counts when
 * nothing has followed for half a second.
 */
export function lookForConsoleLine({ console }: Machine, pattern: RegExp): Look<string> {
  let unfinished = { text: '', since: performance.now() };
  return async () => {
    const lines = console.last(Infinity);
    const { unfinished: text } = console;
    if (text !== unfinished.text) unfinished = { text, since: performance.now() };
    const isComing = text !== '' && performance.now() - unfinished.since < UNFINISHED_MS;
    const whole = isComing ? lines.slice(0, -1) : lines;
    const line = whole.find((candidate) => matches(candidate, pattern));
    if (line !== undefined) return Promise.resolve({ found: line });
    return Promise.resolve({ seen: describeLast('the console', lines.length, lines.at(-1)) });
  };
}

/** Like `lookForConsoleLine`, for the journal of this boot, of one unit or of all. One process in the guest follows it. */
export function lookForJournalLine(
  guest: ProbedGuest,
  pattern: RegExp,
  unit: string | undefined,
): Look<string> {
  const source = unit === undefined ? 'the journal' : `the journal of ${unit}`;
  const argv = ['journalctl', '--no-pager', '--quiet', '--output=cat', '--boot', '--follow', '--lines=all'];
  return async (signal, saw) => {
    saw(`nothing in ${source}`);
    const journal = guest.exec(unit === undefined ? argv : [...argv, `--unit=${unit}`], { signal });
    try {
      let count = 0;
      for await (const line of journal) {
        if (matches(line, pattern)) return { found: line };
        saw(describeLast(source, ++count, line));
      }
      const result = await journal;
      return { seen: `journalctl ${describeExit(result)}: ${result.stderr.toString().trim()}` };
    } catch (error) {
      if (!(error instanceof GuestCommandError) || error.errno !== 'ENOENT') throw error;
      const problem = unit === undefined ? 'cannot be read' : 'has no journal';
      throw new GuestUnitError(unit ?? 'the journal', `${problem}: the guest has no journalctl`, [], {
        hint: 'wait for a line in a file, or use a guest with systemd',
        cause: error,
      });
    } finally {
      journal.kill('SIGKILL');
      journal.catch(() => undefined);
    }
  };
}

function describeLast(source: string, count: number, last: string | undefined): string {
  if (last === undefined) return `nothing on ${source}`;
  return `${count} ${count === 1 ? 'line' : 'lines'} of ${source}, the last: ${last}`;
}
