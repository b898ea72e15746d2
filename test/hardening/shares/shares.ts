import { whyNoShares } from '../../e2e/virtiofsd.ts';
import { type Section, runParts } from '../section.ts';
import { kills } from './kills/kills.ts';
import { model } from './model/model.ts';
import { posix } from './posix/posix.ts';
import { stress } from './stress/stress.ts';

export const shares: Section = {
  title:
    'shared directories: POSIX operations, random changes on both sides, killed processes, fio and stress-ng',
  async run(options) {
    if (whyNoShares !== undefined) throw new Error(whyNoShares);
    return runParts({ posix, model, kills, stress }, options);
  },
};
