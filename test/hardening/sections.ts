import { confinement } from './confinement.ts';
import { disk } from './disk.ts';
import { faults } from './faults/faults.ts';
import { fuzzing } from './fuzz/index.ts';
import { monitors } from './helpers/monitors.ts';
import { programs } from './helpers/programs.ts';
import { launches } from './launches.ts';
import { load } from './load.ts';
import type { Section } from './section.ts';
import { supply } from './supply.ts';
import { users } from './users.ts';

/** What `npm run hardening` runs, in this order, and what has rows in docs/security-counts.md. One import line and one line here for each. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  confinement,
  disk,
  load,
  launches,
  faults,
  programs,
  monitors,
  fuzz: fuzzing,
  supply,
  users,
};
