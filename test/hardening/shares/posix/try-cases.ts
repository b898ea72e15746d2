import type { Machine } from '../../../../src/index.ts';
import { type Answer, callInGuest, callOnHost } from '../file-calls.ts';
import type { PosixCase } from './case.ts';

const SCRIPT_MS = 1_200_000;
const CHOWN = /\bchown (\S+) \d+ \d+/g;

/** The results of a case, in the guest. */
export interface Tried {
  /** A line for each of setup and calls. */
  readonly answers: readonly string[];
  /** Its entries afterwards. */
  readonly tree: readonly string[];
}

/** Where the table is tried. */
export interface Place {
  /** In the guest. */
  readonly directory: string;
  /** Runs lines that prepare cases. */
  readonly prepare: (lines: readonly string[]) => Promise<Answer[]>;
  /** Called between preparation and calls, if these are apart. */
  readonly protect?: () => Promise<void>;
}

export function inGuest(machine: Machine, directory: string): Place {
  return { directory, prepare: async (lines) => callInGuest(machine, directory, lines, SCRIPT_MS) };
}

/** The files belong to who prepares them: only root could give them to another. */
export function preparedOnHost(program: string, source: string, directory: string): Place {
  const kept = (line: string): string => line.replaceAll(CHOWN, 'chown $1 -1 -1');
  return { directory, prepare: async (lines) => callOnHost(program, source, lines.map(kept)) };
}

export async function tryCases(
  machine: Machine,
  { directory, prepare, protect }: Place,
  cases: readonly PosixCase[],
): Promise<Tried[]> {
  const setups = await prepare(cases.flatMap(({ setup }, index) => [`case ${nameOf(index)}`, ...setup]));
  await protect?.();
  const lines = cases.flatMap(({ calls }, index) => [`case ${nameOf(index)}`, ...calls, 'tree']);
  const results = await callInGuest(machine, directory, lines, SCRIPT_MS);
  let [setupAt, at] = [0, 0];
  return cases.map(({ setup, calls }) => {
    const prepared = setups.slice(setupAt + 1, (setupAt += setup.length + 1));
    const [tree = [], ...answers] = results.slice(at + 1, (at += calls.length + 2)).reverse();
    return { answers: [...prepared, ...answers.reverse()].flat(), tree };
  });
}

/** The entries of each case as the host sees them. */
export async function lookOnHost(
  program: string,
  source: string,
  cases: readonly PosixCase[],
): Promise<Answer[]> {
  const lines = cases.flatMap((_, index) => [`case ${nameOf(index)}`, 'tree']);
  return (await callOnHost(program, source, lines)).filter((_, index) => index % 2 === 1);
}

function nameOf(index: number): string {
  return `c${String(index).padStart(4, '0')}`;
}
