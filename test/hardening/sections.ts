import { confinement } from './confinement/confinement.ts';
import { disk } from './disk/disk.ts';
import { faults } from './faults/faults.ts';
import { fuzzing } from './fuzz/index.ts';
import { monitors } from './helpers/monitors.ts';
import { programs } from './helpers/programs.ts';
import { kept } from './kept/kept.ts';
import { launches } from './launches/launches.ts';
import { load } from './load/load.ts';
import { networks } from './networks/networks.ts';
import type { Section } from './section.ts';
import { shares } from './shares/shares.ts';
import { supply } from './supply/supply.ts';
import { users } from './users/users.ts';

/** The sections of `npm run hardening` and of docs/security-counts.md, in order: one import line and one line each. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  confinement,
  disk,
  load,
  launches,
  kept,
  networks,
  faults,
  programs,
  monitors,
  fuzz: fuzzing,
  shares,
  supply,
  users,
};
