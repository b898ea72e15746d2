/** tsx owner.ts OPTIONS: kills the programs of networks as their owner (OPTIONS is JSON), and prints the findings. */
import type { HardeningOptions } from '../section.ts';
import { printFindings } from '../users/script.ts';
import { inHome } from './in-home.ts';
import { kills } from './kills.ts';

export interface OwnerOptions extends Pick<HardeningOptions, 'scale' | 'seed'> {
  readonly areOnBridge: boolean;
}

const { areOnBridge, ...numbers } = JSON.parse(process.argv[2] ?? '') as OwnerOptions;
await printFindings(async (options) =>
  inHome(async (lab, all) => kills(lab, { areDebian: true, areOnBridge }, all), { ...numbers, ...options }),
);
