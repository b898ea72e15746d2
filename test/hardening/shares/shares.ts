import { whyNoShares } from '../../e2e/virtiofsd.ts';
import { type Section, runParts } from '../section.ts';
import { asUsers } from './as-users.ts';
import { stress } from './stress/stress.ts';

export const shares: Section = {
  title:
    'shared directories: POSIX operations, random changes on both sides, killed processes, fio and stress-ng',
  async run(options) {
    if (whyNoShares !== undefined) throw new Error(whyNoShares);
    const [posix, model, kills] = [asUsers('posix'), asUsers('model'), asUsers('kills')];
    return runParts({ posix, model, kills, stress }, options);
  },
};
