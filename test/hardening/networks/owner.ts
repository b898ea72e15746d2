/**
 * tsx owner.ts OPTIONS: kills the programs of networks as their owner (OPTIONS is JSON). Prints lines of JSON: those of
 * the raw log, and at last the findings. The end of its input interrupts it.
 */
import type { Findings, HardeningOptions } from '../section.ts';
import { inHome } from './in-home.ts';
import { kills } from './kills.ts';

export interface OwnerOptions extends Pick<HardeningOptions, 'scale' | 'seed'> {
  readonly areOnBridge: boolean;
}

/** A line of its output. */
export type OwnerLine = { readonly log: string } | { readonly findings: Findings };

const { scale, seed, areOnBridge } = JSON.parse(process.argv[2] ?? '') as OwnerOptions;
const controller = new AbortController();
process.stdin.resume().once('end', () => controller.abort());
const findings = await inHome(async (lab, options) => kills(lab, { areDebian: true, areOnBridge }, options), {
  ...{ scale, seed, signal: controller.signal },
  log: (log) => print({ log }),
});
print({ findings });
process.stdin.destroy();

function print(line: OwnerLine): void {
  console.log(JSON.stringify(line));
}
