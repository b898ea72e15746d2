import { readFileSync } from 'node:fs';
import type { NamedPlan } from '../machine/named-plan.ts';
import type { MachineFiles } from './machine-files.ts';

/** The plan of a machine that runs, as its start and later changes left it. */
export function readPlan(files: Pick<MachineFiles, 'plan'>): NamedPlan {
  return JSON.parse(readFileSync(files.plan, 'utf8')) as NamedPlan;
}
