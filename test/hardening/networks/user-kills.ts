import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { whyNoDebianGuest } from '../../debian-guest.ts';
import { makeOrdinaryUser, whyNoBridge } from '../../systems/ordinary-user.ts';
import type { Findings, HardeningOptions } from '../section.ts';
import { whyNoOtherUser } from '../user.ts';
import { inHome } from './in-home.ts';
import { kills } from './kills.ts';
import type { OwnerLine, OwnerOptions } from './owner.ts';

const OWNER = join(import.meta.dirname, 'owner.ts');

/** Kills programs of networks of Debian guests and an ordinary user, or of micro where there can be none. */
export async function userKills(options: HardeningOptions): Promise<Findings> {
  const missing = whyNoDebianGuest() ?? (process.getuid?.() === 0 ? await whyNoOtherUser() : undefined);
  if (missing === undefined) return killsOfUser(options);
  options.log(`all members have micro: ${missing}`);
  const kinds = { areDebian: false, areOnBridge: false };
  return inHome(async (lab, these) => kills(lab, kinds, these), options);
}

async function killsOfUser({ scale, seed, log, signal }: HardeningOptions): Promise<Findings> {
  const noBridge = whyNoBridge();
  if (noBridge !== undefined) log(`no member is on a bridge: ${noBridge}`);
  const areOnBridge = noBridge === undefined;
  await using user = await makeOrdinaryUser(areOnBridge);
  signal?.throwIfAborted();
  const options: OwnerOptions = { scale, seed, areOnBridge };
  const owner = user.start(OWNER, JSON.stringify(options));
  const gone = once(owner, 'exit');
  signal?.addEventListener('abort', () => owner.stdin?.end());
  let findings: Findings | undefined;
  for await (const text of createInterface(owner.stdout!)) {
    const line = JSON.parse(text) as OwnerLine;
    if ('log' in line) log(line.log);
    else findings = line.findings;
  }
  const [status] = (await gone) as [number | null];
  signal?.throwIfAborted();
  if (!findings) throw new Error(`the networks’ owner ended with ${String(status)}`);
  return findings;
}
