import type * as z from 'zod';
import type { ImageProgress } from '../../../index.ts';
import type { MachineStore } from '../../../machines/index.ts';
import { formatBytes, quoteForShell } from '../../../public/format.ts';
import { describePhase } from '../../output/progress.ts';
import type { Progress, Work } from '../operations/operation.ts';
import type { BeforeJson } from '../schemas/json.ts';
import type { RESULTS } from '../schemas/results.ts';

/** A change that a client has asked for. */
export interface Asked<Body> {
  readonly store: MachineStore;
  /** The machine or network in the path; empty without one. */
  readonly name: string;
  readonly body: Body;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** A change that a client may ask for. */
export interface Action<Result extends object = object> {
  readonly summary: string;
  readonly schema: z.ZodType;
  /** @param body a value of the schema. */
  readonly work: (store: MachineStore, kind: string, name: string, body: unknown) => Work<Result>;
}

/** Actions by kind, with the results that `RESULTS` describes. */
export type Actions = {
  readonly [Kind in keyof typeof RESULTS]?: Action<BeforeJson<z.output<(typeof RESULTS)[Kind]>>>;
};

/**
 * @param summary an imperative, for the OpenAPI document.
 * @param words the command line that does the same, without `vmlet`.
 * @param subject the machine that it changes; by default the one in the path.
 */
export function action<Schema extends z.ZodType, Result extends object>(
  summary: string,
  schema: Schema,
  words: (name: string, body: z.output<Schema>) => readonly string[],
  run: (asked: Asked<z.output<Schema>>) => Promise<Result>,
  subject: (body: z.output<Schema>, name: string) => string | undefined = (_body, name) => name || undefined,
): Action<Result> {
  return {
    summary,
    schema,
    work: (store, kind, name, given) => {
      // The route has parsed it by this schema.
      const body = given as z.output<Schema>;
      return {
        kind,
        machine: subject(body, name),
        command: shellCommand(words(name, body)),
        run: async (signal, onProgress) => run({ store, name, body, signal, onProgress }),
      };
    },
  };
}

/** The word of an option that is on. */
export function option(word: string, given: boolean | undefined): string[] {
  return given === true ? [word] : [];
}

/** The words of a time limit, if one is given. */
export function timeout(limitMs: number | undefined): string[] {
  return limitMs === undefined ? [] : ['--timeout', `${limitMs}ms`];
}

export function shellCommand(words: readonly string[]): string {
  return ['vmlet', ...words].map(quoteForShell).join(' ');
}

/** For example `debian:13: downloading, 120 MiB of 330 MiB`. */
export function progressOf(news: ImageProgress): Progress {
  const { fraction, transfer } = news;
  const total = transfer?.totalBytes;
  const amount =
    transfer && `${formatBytes(transfer.doneBytes)}${total === undefined ? '' : ` of ${formatBytes(total)}`}`;
  const text = [describePhase(news), ...(amount === undefined ? [] : [amount])].join(', ');
  return { text, ...(fraction > 0 && { percent: Math.floor(fraction * 100) }) };
}
