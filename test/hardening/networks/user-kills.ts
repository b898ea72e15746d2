import { join } from 'node:path';
import { whyNoDebianGuest } from '../../debian-guest.ts';
import { makeOrdinaryUser, whyNoBridge } from '../../systems/ordinary-user.ts';
import type { Findings, HardeningOptions } from '../section.ts';
import { whyNoOtherUser } from '../user.ts';
import { readFindings } from '../users/script.ts';
import { inHome } from './in-home.ts';
import { kills } from './kills.ts';
import type { OwnerOptions } from './owner.ts';

const OWNER = join(import.meta.dirname, 'owner.ts');

/** Kills programs of networks of Debian guests and an ordinary user, or of micro where there can be none. */
export async function userKills(options: HardeningOptions): Promise<Findings> {
  const missing = whyNoDebianGuest() ?? (process.getuid?.() === 0 ? await whyNoOtherUser() : undefined);
  if (missing === undefined) return killsOfUser(options);
  options.log(`all members have micro: ${missing}`);
  const kinds = { areDebian: false, areOnBridge: false };
  return inHome(async (lab, these) => kills(lab, kinds, these), options);
}

async function killsOfUser(all: HardeningOptions): Promise<Findings> {
  const { scale, seed, log, signal } = all;
  const noBridge = whyNoBridge();
  if (noBridge !== undefined) log(`no member is on a bridge: ${noBridge}`);
  const areOnBridge = noBridge === undefined;
  await using user = await makeOrdinaryUser({ images: ['micro', 'debian'], hasBridge: areOnBridge });
  signal?.throwIfAborted();
  const options: OwnerOptions = { scale, seed, areOnBridge };
  return await readFindings(user.start(OWNER, JSON.stringify(options)), all);
}
