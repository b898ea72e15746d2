import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  BrokenMachineError,
  InvalidInputError,
  MachineBusyError,
  MachineStateError,
  ReplacedError,
  isSystemError,
} from '../../errors/index.ts';
import { tellNetworks } from '../../machine/network/tell-members.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import {
  forgetInPartitions,
  readSoundNetworks,
  withNetworksLock,
} from '../../network/private/network-shelf.ts';
import { holdFileLock } from '../../process/lock/file-lock.ts';
import { signalKeeper } from '../../process/keeper.ts';
import { Scope } from '../../util/scope.ts';
import { pause } from '../../util/time/pause.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { keepCommandEnd } from '../record/command-ends.ts';
import { keepDisks, unkeepDisks } from '../disks/kept-disks.ts';
import { type KeptVolume, type SeenVolume, removeUnusedVolumes } from '../disks/remove-volumes.ts';
import { hasEnded } from '../channel/ended.ts';
import { endLostProcesses } from '../recovery/lost-run.ts';
import { type MachineFiles, definitionFiles } from '../record/machine-files.ts';
import { lockDirectory, lockMachine } from '../lock/machine-lock.ts';
import { endOfCommand, readRun, readStatus } from '../record/machine-status.ts';
import { membersOf, networksOfMachine, publishDeparture } from '../../network/private/members.ts';
import { networksOf } from '../record/network-members.ts';
import type { RunRecord } from '../record/run-record.ts';
import { volumesInUse } from '../record/volumes-in-use.ts';
import { discardDirectory, openStaging } from '../record/staging.ts';
import { removeUnitOf } from './systemd.ts';
import { killMachine } from '../run/stop.ts';
import { isOwnDirectory } from '../recovery/store-mark.ts';
import { sweepUnowned } from '../disks/sweep.ts';
import { removeStaleSocket } from '../../network/ports/free-socket-path.ts';
import { findVolume } from '../../machine/volume/volume.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeFile, removeTree } from '../../util/files/removal.ts';

/** A killed QEMU is gone within this time, unless the kernel itself hangs. */
const DEATH_MS = 30_000;
/** An operation notices the end of its guest at once, and cleans up after itself. */
const RELEASE_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** Options of removing a machine. */
export interface RemoveOptions {
  /**
   * Remove the disks too, adopted files included; otherwise they are kept, see `RemoveResult`, except for that which
   * `vmlet run --detach` made for its command.
   */
  readonly storage?: boolean;
  /** Remove its volumes too, except those that another machine uses; those of a broken machine are not known, and kept. */
  readonly volumes?: boolean;
  /** Kill the machine first if it is running, even while another operation is busy with it; remove it even if it is protected. */
  readonly force?: boolean;
  /** Remove only the machine whose `spec.id` this is: another one may have got its name. */
  readonly id?: string | undefined;
}

/** Disks and volumes that a removal kept, and memory that it did not. */
export interface RemoveResult {
  /** Whether it was saved: its saved memory is gone. */
  readonly discardedMemory: boolean;
  /** Paths of kept disks, and of the clone bases that they need. */
  readonly keptDisks: readonly string[];
  /** Its volumes that were kept; undefined for a broken machine, whose volumes are not known. */
  readonly keptVolumes: readonly KeptVolume[] | undefined;
}

/**
 * Removes a machine: its definition, NVRAM, TPM, keys, logs, and on request its storage and volumes. Backing files are never removed,
 * except for clone bases that no machine needs any more.
 * @throws MachineNotFoundError, ReplacedError for another `id`, MachineBusyError, MachineStateError when it is running or
 *   protected, InvalidInputError when its directory is a symbolic link.
 */
export async function removeMachine(
  locations: Locations,
  name: string,
  { storage = false, volumes = false, force = false, id }: RemoveOptions = {},
): Promise<RemoveResult> {
  requireDirectory(locations, name);
  // A broken machine's ID is not known.
  const definition =
    id === undefined ? readSoundDefinition(locations, name) : readDefinition(locations, name);
  if (!definition) return removeBroken(locations, name, { storage, force });
  // Before force kills another machine.
  assertId(definition, id);
  await using scope = new Scope();
  await (force
    ? lockByForce(locations, definition, id, scope)
    : lockMachine(name, definition.files, 'removing it', scope));
  const { spec, files } = readDefinition(locations, name);
  assertId({ spec }, id);
  if (spec.protected && !force) {
    throw new MachineStateError(name, 'protected', 'is protected', {
      hint: `remove the protection first: vmlet protect --off ${name}`,
    });
  }
  const status = readStatus(files);
  if (status.kind === 'running') {
    if (!force) {
      throw new MachineStateError(name, status.state, `is still running (state: ${status.state})`, {
        hint: `stop it first: vmlet stop ${name}; or power it off and remove it: vmlet rm --force ${name}`,
      });
    }
    await killMachine({ spec, files });
  }
  const mounted = mountedVolumes(locations, { spec, files });
  // A failed removal leaves no second names.
  scope.defer(() => {
    if (existsSync(files.directory)) unkeepDisks({ spec, files }, locations);
  });
  const keptDisks = storage ? [] : keepDisks({ spec, files }, locations);
  if (storage) {
    unkeepDisks({ spec, files }, locations);
    const adopted = spec.disks.filter(({ owned, file }) => owned && isAbsolute(file));
    for (const { file } of adopted) removeFile(file);
  }
  await removeUnitOf(name, locations);
  for (const { path } of spec.sockets ?? []) {
    // In a directory that has become inaccessible it stays.
    await removeStaleSocket(path).catch((error: unknown) => {
      if (!isSystemError(error)) throw error;
    });
  }
  const end = spec.command?.remove ? endOfCommand(status) : undefined;
  if (end) keepCommandEnd(locations, name, end);
  // The definition is removed last: an interrupted removal can be repeated, and finds the rest.
  const directories = [files.logs, files.sockets].filter((path) => isOwnDirectory(path, locations));
  for (const directory of directories) removeTree(directory);
  discardDirectory(files.directory, openStaging(locations, scope));
  sweepUnowned(locations, spec.disks);
  await leaveNetworks(locations, name, networksOf(spec));
  // A volume has users until the definition is gone.
  const keptVolumes = volumes
    ? await removeUnusedVolumes(locations, mounted)
    : mounted.map(({ name: volume }) => ({ name: volume }));
  return { discardedMemory: status.kind === 'saved', keptDisks, keptVolumes };
}

/** @throws InvalidInputError for a linked directory: only the link would be removed, and disks could not be kept. */
function requireDirectory({ machines }: Locations, name: string): void {
  const directory = join(machines, name);
  if (lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new InvalidInputError('machine', `"${name}" was not removed: ${directory} is a symbolic link`, {
    hint: 'replace the link by the directory that it leads to, and try again; or delete both yourself',
  });
}

function assertId({ spec }: Pick<Definition, 'spec'>, id: string | undefined): void {
  if (id === undefined || spec.id === id) return;
  throw new ReplacedError(`machine "${spec.name}" was not removed: another machine has the same name now`, {
    hint: `look at the machine first: vmlet inspect ${spec.name}`,
  });
}

function mountedVolumes(locations: Locations, definition: Definition): SeenVolume[] {
  const names = new Set(volumesInUse(definition).map(({ name }) => name));
  return [...names].flatMap((name) => findVolume(locations, name) ?? []);
}

/**
 * Takes the machine's lock. If another operation holds it, such as a start that waits for the guest, kills the guest and
 * waits until that operation ends.
 */
async function lockByForce(
  locations: Locations,
  definition: Definition,
  id: string | undefined,
  scope: Scope,
): Promise<void> {
  const { spec, files } = definition;
  const isRunning = (): boolean => readStatus(files).kind === 'running';
  let deadline = performance.now() + RELEASE_MS;
  for (;;) {
    try {
      await lockMachine(spec.name, files, 'removing it', scope);
      return;
    } catch (error) {
      if (!(error instanceof MachineBusyError) || performance.now() > deadline) throw error;
    }
    if (isRunning()) {
      // Another machine may have got the name while that operation ended.
      const now = readDefinition(locations, spec.name);
      assertId(now, id);
      try {
        await killMachine(now);
      } catch (error) {
        if (isRunning()) throw error;
      }
      deadline = performance.now() + RELEASE_MS;
    }
    await pause(LOOK_AGAIN_MS);
  }
}

/** The membership went with the definition; partitions, the switches and the other members forget it too. */
async function leaveNetworks(locations: Locations, name: string, joined: readonly string[]): Promise<void> {
  // A broken network must not keep its machines.
  const sound = new Set(readSoundNetworks(locations.networks).map((network) => network.name));
  const networks = joined.filter((network) => sound.has(network));
  if (networks.length === 0) return;
  await withNetworksLock(locations.networks, {}, async () => {
    forgetInPartitions(locations.networks, networks, name);
    await publishDeparture(locations, networks);
  });
  await tellNetworks(locations, networks, undefined);
}

/** The memberships of a broken machine may not be readable. A throw-away guest may have the same name. */
function networksThatRemember(locations: Locations, name: string): string[] {
  const isMember = (network: string): boolean =>
    membersOf(locations, network).some((member) => member.name === name);
  return readSoundNetworks(locations.networks)
    .filter(({ partitions }) => partitions.flat(2).includes(name))
    .map((network) => network.name)
    .filter((network) => !isMember(network));
}

/** Returns undefined for a machine with an invalid definition or record. */
function readSoundDefinition(locations: Locations, name: string): Definition | undefined {
  try {
    const definition = readDefinition(locations, name);
    readStatus(definition.files);
    return definition;
  } catch (error) {
    if (error instanceof BrokenMachineError) return undefined;
    throw error;
  }
}

/** Only the directory is known. A running keeper holds the keeper's lock. */
async function removeBroken(
  locations: Locations,
  name: string,
  { storage, force }: Required<Pick<RemoveOptions, 'storage' | 'force'>>,
): Promise<RemoveResult> {
  const files = definitionFiles(join(locations.machines, name));
  if (!storage && hasEntries(files.storage)) {
    throw new BrokenMachineError(
      name,
      `its files cannot be read, so removing the machine would also delete the disks in ${files.storage}`,
      {
        hint: `move these disks away, or delete them with the machine: vmlet rm --storage ${name}`,
      },
    );
  }
  await using scope = new Scope();
  await lockDirectory(name, files, 'removing it', scope);
  const record = readRunIfSound(files);
  if (force && record && signalKeeper(record.keeper, 'kill')) await hasEnded(record, DEATH_MS, undefined);
  if (!(await holdFileLock(files.keeperLock, scope))) {
    throw new MachineStateError(name, 'broken', 'is still running, and its files cannot be read', {
      hint: force
        ? `end vmlet-keeper, the process that runs the machine, then try again; to find its PID, run: fuser ${quoteForShell(files.keeperLock)}`
        : `power it off and remove it: vmlet rm --force ${name}`,
    });
  }
  if (record) await endLostProcesses(name, record);
  await removeUnitOf(name, locations);
  const joined = networksOfMachine(locations, name);
  const discardedMemory = existsSync(files.savedState);
  discardDirectory(files.directory, openStaging(locations, scope));
  sweepUnowned(locations);
  await leaveNetworks(locations, name, [...new Set([...joined, ...networksThatRemember(locations, name)])]);
  return { discardedMemory, keptDisks: [], keptVolumes: undefined };
}

function readRunIfSound(files: Pick<MachineFiles, 'directory' | 'run'>): RunRecord | undefined {
  try {
    return readRun(files);
  } catch (error) {
    if (error instanceof BrokenMachineError) return undefined;
    throw error;
  }
}

function hasEntries(directory: string): boolean {
  return (unlessMissing(() => readdirSync(directory)) ?? []).length > 0;
}
