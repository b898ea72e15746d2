import type { Count, Section } from '../section.ts';
import { fuzz } from './fuzzer.ts';
import { fuzzKinds } from './targets.ts';

/** The time for each target, at scale 1. */
const TARGET_MS = 180_000;

export const fuzzing: Section = {
  title: 'what strangers write, read by everything that reads it',
  async run({ scale, seed, signal, ...options }) {
    const log = (line: string): void => options.log(line);
    const counts: Count[] = [];
    const faults: string[] = [];
    const all = Object.entries(fuzzKinds).flatMap(([kind, of]) => of.map((target) => ({ kind, target })));
    for (const { kind, target } of all) {
      signal?.throwIfAborted();
      const run = await fuzz(target, { milliseconds: TARGET_MS * scale, seed, log });
      faults.push(...run.faults);
      const ends = [...run.verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
      const held = [...run.verdicts.values()].reduce((sum, count) => sum + count, 0);
      counts.push({ what: target.what, kind, tried: held + run.faults.length, held, note: ends });
    }
    return { counts, faults };
  },
};
