import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { NetworkNotFoundError, SwitchRequestError, TimedOutError } from '../../errors/index.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { type NetworkMember, joinedMembership } from './addresses.ts';
import { numberCards } from './cards.ts';
import { guestsOf } from './guests.ts';
import { type Membership, type WantedMembership, membershipSchema } from './membership.ts';
import { type NetworkFiles, networkFiles, readNetwork } from './network-shelf.ts';
import { reloadSwitch } from './switch-client.ts';
import { formatSwitchTable } from './switch-table.ts';

/** The directories in which machines and networks are. */
export interface Places {
  readonly machines: string;
  readonly networks: string;
}

/** The part of a machine's definition that networks need. */
const definitionSchema = z.looseObject({ networks: z.array(membershipSchema).default([]) });

/** The part of a plan that tells where a machine's sockets are. */
const planSchema = z.looseObject({ directory: z.looseObject({ sockets: z.string() }) });

/**
 * Returns the members of a network, named machines first, by name: the machines whose definitions list it. So a machine
 * and its memberships are created, renamed and removed in one step.
 */
export function membersOf(places: Places, network: string): NetworkMember[] {
  return [...machinesOf(places, network), ...guestsOf(places.networks, network)];
}

function machinesOf(places: Places, network: string): NetworkMember[] {
  const entries = unlessMissing(() => readdirSync(places.machines, { withFileTypes: true })) ?? [];
  const machines = entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  return machines.flatMap((name) =>
    membershipsIn(join(places.machines, name, 'spec.json'))
      .filter((membership) => membership.network === network)
      .map((membership) => ({ ...membership, name })),
  );
}

/** Returns the names of a named machine's networks; none for a machine that does not exist. */
export function networksOfMachine({ machines }: Pick<Places, 'machines'>, name: string): string[] {
  return membershipsIn(join(machines, name, 'spec.json')).map(({ network }) => network);
}

/**
 * Returns the directory of a named machine's sockets in its last run, which may have ended; undefined before the first.
 * The runtime directory of the process that started it may differ from this one's.
 */
export function socketsOfMachine({ machines }: Pick<Places, 'machines'>, name: string): string | undefined {
  return readPart(planSchema, join(machines, name, 'plan.json'))?.directory.sockets;
}

function membershipsIn(path: string): readonly Membership[] {
  return readPart(definitionSchema, path)?.networks ?? [];
}

/** Undefined for a file that is missing or invalid: a machine with such a definition cannot be started. */
function readPart<Part>(schema: z.ZodType<Part>, path: string): Part | undefined {
  const text = unlessMissing(() => readFileSync(path, 'utf8'), ['ENOENT', 'ENOTDIR', 'EISDIR']);
  try {
    return schema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

/**
 * Gives a machine its addresses in networks. The caller holds the networks' lock until the machine's definition has them.
 * @param earlier its present memberships, whose addresses it keeps.
 * @throws NetworkNotFoundError, InvalidInputError
 */
export function joinNetworks(
  places: Places,
  name: string,
  wanted: readonly WantedMembership[],
  earlier: readonly Membership[] = [],
): Membership[] {
  const memberships = wanted.map((one) => {
    const record = readNetwork(places.networks, one.network);
    const machines = machinesOf(places, one.network).filter((machine) => machine.name !== name);
    const others = [...machines, ...guestsOf(places.networks, one.network)];
    const before = earlier.find(({ network }) => network === one.network);
    return joinedMembership(record, others, { name, wanted: one, earlier: before });
  });
  return numberCards(memberships, earlier);
}

/**
 * Tells the switches of networks who their members are; a network that was removed has no switch. The caller holds the
 * networks' lock.
 * @throws SwitchRequestError, TimedOutError for a switch that does not answer; the tables are written then.
 */
export async function publishNetworks(
  places: Places,
  networks: readonly string[],
  limits: Limits = {},
): Promise<void> {
  for (const network of new Set(networks)) {
    const files = writeSwitchTable(places, network);
    if (files) await reloadSwitch({ network, files }, limits);
  }
}

/** Like `publishNetworks` after a member has left: a switch that does not answer learns it when another one joins. */
export async function publishDeparture(places: Places, networks: readonly string[]): Promise<void> {
  for (const network of networks) {
    try {
      await publishNetworks(places, [network]);
    } catch (error) {
      if (!(error instanceof SwitchRequestError || error instanceof TimedOutError)) throw error;
    }
  }
}

/** Writes the members of a network where its switch reads them; returns undefined for a network that was removed. */
export function writeSwitchTable(places: Places, network: string): NetworkFiles | undefined {
  try {
    const record = readNetwork(places.networks, network);
    const files = networkFiles(places.networks, network);
    exchangeFile(files.table, formatSwitchTable(record, membersOf(places, network)));
    return files;
  } catch (error) {
    if (error instanceof NetworkNotFoundError) return undefined;
    throw error;
  }
}
