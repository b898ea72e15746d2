import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { NetworkMember } from './addresses.ts';
import { membershipSchema } from './membership.ts';
import { networkFiles } from './network-shelf.ts';

/** A throw-away machine in a network, for as long as the process that launched it lives. */
const guestSchema = z.strictObject({
  version: z.literal(1),
  owner: z.strictObject({ pid: z.int(), startTime: z.int(), bootId: z.string() }),
  member: membershipSchema.extend({ name: z.string() }),
});

type Guest = z.infer<typeof guestSchema>;

/** Returns the network's members that are throw-away machines, by name. */
export function guestsOf(shelf: string, network: string): NetworkMember[] {
  const { guests } = networkFiles(shelf, network);
  return (unlessMissing(() => readdirSync(guests)) ?? [])
    .sort()
    .map((file) => readGuest(join(guests, file)))
    .filter((guest) => guest !== undefined && isAlive(guest.owner))
    .map((guest) => (guest as Guest).member);
}

/**
 * Adds a throw-away machine, and forgets those of processes that were killed. The caller holds the networks' lock.
 * @returns the function that removes it.
 */
export function addGuest(shelf: string, member: NetworkMember, owner: ProcessIdentity): () => void {
  const { guests } = networkFiles(shelf, member.network);
  if (!existsSync(guests)) mkdirSync(guests, { mode: 0o700 });
  for (const file of readdirSync(guests)) {
    const guest = readGuest(join(guests, file));
    if (!guest || !isAlive(guest.owner)) removeFile(join(guests, file));
  }
  const path = join(guests, `${member.name}.json`);
  const guest: Guest = { version: 1, owner: { ...owner }, member: { ...member } };
  writeFileSync(path, JSON.stringify(guest), { mode: 0o600 });
  return () => removeFile(path);
}

/** Undefined for a file that was written only in part, since its process was killed. */
function readGuest(path: string): Guest | undefined {
  const text = unlessMissing(() => readFileSync(path, 'utf8'));
  try {
    return guestSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
