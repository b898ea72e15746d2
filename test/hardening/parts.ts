import { type Findings, type HardeningOptions, together } from './section.ts';

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
