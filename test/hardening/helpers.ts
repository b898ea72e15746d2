import { lyingMonitors } from './helpers/monitors.ts';
import { misbehavingPrograms } from './helpers/programs.ts';
import type { Section } from './section.ts';
import { together } from './together.ts';

export const helpers: Section = {
  title: 'programs that hang, die, flood or say nonsense, and a QMP that stalls, ends, floods or lies',
  async run(options) {
    return together([await misbehavingPrograms(options), await lyingMonitors(options)]);
  },
};
