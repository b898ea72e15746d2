import { join } from 'node:path';
import { makeTemporaryDirectory } from '../../directory.ts';
import { type Section, together } from '../section.ts';
import { dependencies } from './dependencies.ts';
import { published } from './published.ts';
import { staticPrograms } from './static-programs.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** At a scale below 1: no registry, no installation, no build, and only the smallest C program is compiled. */
export const supply: Section = {
  title: 'what vmlet is made of, and what is published',
  async run({ scale, log, signal }) {
    const { path, remove } = makeTemporaryDirectory();
    try {
      const findings = together([
        await dependencies(ROOT, { askRegistry: scale === 1 }),
        await staticPrograms(ROOT, path, scale),
        await published(ROOT, path, { buildAnew: scale === 1, signal }),
      ]);
      for (const { what, tried, held } of findings.counts) log(`${what}: ${held} of ${tried}`);
      for (const fault of findings.faults) log(fault);
      return findings;
    } finally {
      remove();
    }
  },
};
