import { type Section, together } from '../section.ts';
import { whyNoShares } from '../../e2e/virtiofsd.ts';
import { kills } from './kills/kills.ts';
import { model } from './model/model.ts';
import { posix } from './posix/posix.ts';
import { stress } from './stress/stress.ts';

const PARTS = [posix, model, kills, stress];

export const shares: Section = {
  title:
    'shared directories: POSIX operations, random changes on both sides, killed processes, fio and stress-ng',
  async run(options) {
    if (whyNoShares !== undefined) throw new Error(whyNoShares);
    const findings = [];
    for (const part of PARTS) {
      options.signal?.throwIfAborted();
      options.log(`== ${part.name}`);
      findings.push(await part(options));
    }
    return together(findings);
  },
};
