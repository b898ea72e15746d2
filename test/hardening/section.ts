/** One part of `npm run hardening`, which can be run alone by its name. CI runs the same code, at a smaller scale. */
export interface Section {
  /** The subject of the attacks or faults. */
  readonly title: string;
  run(options: HardeningOptions): Promise<Findings>;
}

export interface HardeningOptions {
  /** 1 is everything; CI runs a part, such as 0.05 of the steps, rounds or cases. */
  readonly scale: number;
  /** The seed of all random choices, so that a run can be repeated. */
  readonly seed: number;
  /** Writes a line to the raw log. */
  readonly log: (line: string) => void;
  /** Ctrl-C: check it between the steps (`signal?.throwIfAborted()`), pass it to long operations, clean up afterwards. */
  readonly signal?: AbortSignal;
}

export interface Findings {
  /** In the order of the table in docs/security-counts.md. */
  readonly counts: readonly Count[];
  /** Faults, a sentence each; the run fails if there are any. */
  readonly faults: readonly string[];
  /** For a partial run: these rows are complete, or partial as well. */
  readonly extent?: 'rows' | 'less' | undefined;
}

export interface Count {
  /** Such as 'kills of `vmlet create`, one at each step'. */
  readonly what: string;
  /** Counts of one kind have one row in docs/security-counts.md, with their sums; by default, each has its own. */
  readonly kind?: string;
  readonly tried: number;
  /** The number of those that ended as required. */
  readonly held: number;
  /** The number of those with another result that is permitted, for a documented reason. */
  readonly permitted?: number;
  /** Additional values, such as a median or a size. */
  readonly note?: string;
}
export function together(parts: readonly Findings[]): Findings {
  return {
    counts: parts.flatMap(({ counts }) => counts),
    faults: parts.flatMap(({ faults }) => faults),
  };
}

/** A part of a section, which VMLET_PART can choose by its name. */
export type Part = (options: HardeningOptions) => Promise<Findings>;

/** Runs the parts in order, or the chosen one alone, whose rows then replace those of the last result. */
export async function runParts(
  parts: Readonly<Record<string, Part>>,
  options: HardeningOptions,
  chosen = process.env['VMLET_PART'],
): Promise<Findings> {
  const run = Object.entries(parts).filter(([name]) => chosen === undefined || name === chosen);
  if (run.length === 0)
    throw new Error(`no part ${String(chosen)}; there are ${Object.keys(parts).join(', ')}`);
  const found: Findings[] = [];
  for (const [name, part] of run) {
    options.signal?.throwIfAborted();
    options.log(`== ${name}`);
    found.push(await part(options));
  }
  return { ...together(found), ...(chosen !== undefined && { extent: 'rows' as const }) };
}
