import { join } from 'node:path';
import { makeOrdinaryUser } from '../../systems/ordinary-user.ts';
import { type Findings, type HardeningOptions, type Part, together } from '../section.ts';
import { whyNoOtherUser } from '../user.ts';
import { readFindings } from '../users/script.ts';
import { USER_PARTS, type UserPart } from './user-parts.ts';

const OWNER = join(import.meta.dirname, 'owner.ts');

/** Runs a part as this user, and as an ordinary user where this is root. */
export function asUsers(name: UserPart): Part {
  const part = USER_PARTS[name];
  return async (options) => {
    if (process.getuid?.() !== 0) return part(options);
    const asRoot = await part(options);
    const missing = await whyNoOtherUser();
    if (missing !== undefined) {
      options.log(`${name} as root only: ${missing}`);
      return asRoot;
    }
    return together([asRoot, await asOrdinaryUser(name, options)]);
  };
}

async function asOrdinaryUser(name: UserPart, options: HardeningOptions): Promise<Findings> {
  await using user = await makeOrdinaryUser({ images: ['micro'], hasBridge: false });
  const { scale, seed, log } = options;
  log(`== ${name} as an ordinary user`);
  const { counts, faults } = await readFindings(
    user.start(OWNER, name, JSON.stringify({ scale, seed })),
    options,
  );
  return {
    counts: counts.map((count) => ({ ...count, what: `as an ordinary user, ${count.what}` })),
    faults: faults.map((fault) => `as an ordinary user, ${fault}`),
  };
}
