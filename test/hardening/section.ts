/** One part of `npm run hardening`, which can be run alone by its name. CI runs the same code, at a smaller scale. */
export interface Section {
  /** What is attacked or broken. */
  readonly title: string;
  run(options: HardeningOptions): Promise<Findings>;
}

export interface HardeningOptions {
  /** 1 is the whole of it; CI runs a part, such as 0.05 of the steps, rounds or cases. */
  readonly scale: number;
  /** For all that is drawn at random, so that a run can be repeated. */
  readonly seed: number;
  /** A line for the raw log. */
  readonly log: (line: string) => void;
  /** Ctrl-C: look at it between the steps (`signal?.throwIfAborted()`), pass it on to what takes long, undo what was begun. */
  readonly signal?: AbortSignal;
}

export interface Findings {
  /** For the table in docs/security-counts.md, in order. */
  readonly counts: readonly Count[];
  /** What must not be, a sentence each; the run fails where there is one. */
  readonly faults: readonly string[];
  /** Where the section was not to do all of it: these rows whole, or less than that. */
  readonly extent?: 'rows' | 'less' | undefined;
}

export interface Count {
  /** Such as 'kills of `vmlet create`, one at each step'. */
  readonly what: string;
  readonly tried: number;
  /** Of those, how many ended as they must. */
  readonly held: number;
  /** What the numbers leave out, such as a median or a size. */
  readonly note?: string;
}
