import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { extname, isAbsolute, join } from 'node:path';
import {
  BrokenMachineError,
  InvalidInputError,
  MachineExistsError,
  isSystemError,
} from '../../errors/index.ts';
import { inspectDisk } from '../../images/qemu-img/inspect-disk.ts';
import { createOverlay } from '../../images/qemu-img/qemu-img.ts';
import { copyFileSparsely } from '../../images/formats/sparse-copy.ts';
import { tellNetworks } from '../../machine/network/tell-members.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { copySeedDisk } from '../../machine/plan/seed-disk.ts';
import { placesOfClone } from '../../network/private/clone-places.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { together } from '../../util/time/together.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { newBase, recordBase, removeBase } from '../disks/clone-bases.ts';
import { type Definition, machineNames, readDefinition } from '../record/definition.ts';
import { requireStopped } from '../lock/edit.ts';
import { settleInterrupted } from '../recovery/interrupted-restore.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { networksOf } from '../record/network-members.ts';
import { afterInstaller } from '../plan/after-installer.ts';
import { lockMachine } from '../lock/machine-lock.ts';
import { diskPath } from '../plan/machine-plan.ts';
import {
  type MachineSpec,
  type StoredDisk,
  checkMachineName,
  formatMachineSpec,
} from '../spec/machine-spec.ts';
import { withMacs } from '../spec/bridge-cards.ts';
import { newIdentity } from '../spec/new-identity.ts';
import { readStatus } from '../record/machine-status.ts';
import { machinePublicKey } from '../ssh/provision-ssh.ts';
import { createSshKeys, sshFiles } from '../ssh/ssh-files.ts';
import { isEnteredByAgent, writeSshRecord } from '../record/ssh-record.ts';
import { readLineage, writeLineage } from '../record/snapshot-record.ts';
import { openStaging, placeMachine } from '../record/staging.ts';
import { removeFile } from '../../util/files/removal.ts';
import { placeMember } from './place-member.ts';

/** Options of cloning a machine. */
export interface CloneOptions extends Limits {
  /** Make both machines share a base with the disks' present contents, without copying; false by default. */
  readonly linked?: boolean;
}

/**
 * Clones a machine that is not running. The clone has its own MAC address, UUID, TPM and keys; identity data in its
 * guest (machine id, host keys) is renewed at the first start; the guest of an image with cloud-init whose first boot is
 * still to come creates its own. Host ports are chosen again; it has no unix sockets. The running members of its networks
 * get its name.
 * @throws MachineStateError when it is running, MachineExistsError, MachineBusyError, InvalidInputError, NoSpaceError
 */
export async function cloneMachine(
  locations: Locations,
  name: string,
  newName: string,
  options: CloneOptions = {},
): Promise<void> {
  const { networks } = await cloneWithoutTelling(locations, name, newName, options);
  await tellNetworks(locations, networksOf({ networks }), options.signal);
}

async function cloneWithoutTelling(
  locations: Locations,
  name: string,
  newName: string,
  options: CloneOptions,
): Promise<Pick<MachineSpec, 'networks'>> {
  checkMachineName(newName);
  const { files } = readDefinition(locations, name);
  await using scope = new Scope();
  await lockMachine(name, files, 'cloning it', scope);
  const source = readDefinition(locations, name);
  requireStopped(source, 'cloned');
  await settleInterrupted(source);
  removeReplacedNames(source);
  if (existsSync(files.savedState)) {
    throw new InvalidInputError(
      'machine',
      `"${name}" cannot be cloned while it has saved memory: the clone would get only the disks, as after a power loss`,
      {
        hint: `start and stop the machine first: vmlet start ${name} && vmlet stop ${name}`,
      },
    );
  }
  if (machineNames(locations).includes(newName)) throw new MachineExistsError(newName);
  const workshop = openStaging(locations, scope);
  const staging = join(workshop, 'machine');
  const clone = definitionFiles(staging);
  for (const directory of [staging, clone.storage, clone.boot]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(clone.lock, '', { mode: 0o600 });
  for (const name of readdirSync(files.boot)) copyFileSync(join(files.boot, name), join(clone.boot, name));
  const identity = newIdentity();
  createSshKeys(clone.ssh, newName);
  const isFresh = hasFirstBootAhead(source);
  if (existsSync(files.seed)) {
    const replaced = isFresh
      ? [
          [source.spec.uuid, identity.uuid] as const,
          [publicKeyOf(name, files.ssh), publicKeyOf(newName, clone.ssh)] as const,
        ]
      : [];
    await copySeedDisk(
      { path: files.seed, macAddress: source.spec.mac },
      { path: clone.seed, macAddress: identity.mac, hostname: newName, replaced },
    );
  }
  if (existsSync(files.nvram)) await copyFileSparsely(files.nvram, clone.nvram, options.signal);
  // A copy of a disk has its snapshots, without the memory of this machine.
  if (existsSync(files.snapshots)) writeLineage({ files: clone }, readLineage(source));
  const installed = afterInstaller(source);
  if (isEnteredByAgent(installed)) writeSshRecord(clone.ssh, { byAgent: true });

  // On failure, clean up only after no disk is being created any more.
  const disks = await together(
    source.spec.disks.map((disk) => async (signal) => {
      const place = { locations, source, storage: clone.storage, workshop, signal };
      return options.linked ? linkDisk(disk, place, scope) : copyDisk(disk, place);
    }),
    options.signal,
  );
  // Each path is one machine's.
  const { sockets: _sockets, identityRenewedAt: _renewedAt, ...settings } = installed.spec;
  const spec: MachineSpec = {
    // A clone has no record of an end, from which its start would know that the installer has finished.
    ...settings,
    ...identity,
    ...(settings.bridges && { bridges: withMacs(settings.bridges.map(({ mac: _mac, ...card }) => card)) }),
    name: newName,
    createdAt: new Date().toISOString(),
    disks: disks.map(({ clone: disk }) => disk),
    ports: source.spec.ports.map(({ hostPort: _hostPort, ...forward }) => forward),
    guestIdentity: isFresh ? 'own' : 'copied',
    // A clone is made to be kept.
    ...(source.spec.command && { command: { ...source.spec.command, remove: false } }),
    protected: false,
  };
  const kept: MachineSpec = { ...source.spec, disks: disks.map(({ source: disk }) => disk) };
  const place = (whole: MachineSpec): MachineSpec => {
    replaceFile(clone.spec, formatMachineSpec(whole));
    if (options.linked) moveToBases({ spec: kept, files }, disks);
    placeMachine(staging, locations, newName);
    return whole;
  };
  const memberships = placesOfClone(source.spec.networks ?? []);
  if (memberships.length === 0) return place(spec);
  return await placeMember(
    locations,
    { name: newName, memberships, staging, workshop },
    options,
    (networks) => place({ ...spec, networks }),
  );
}

/**
 * True when the guest gets its identity by its seed: the clone's guest gets its own in the same way. The plan is written
 * by each start; the record of a run may be lost with the host's power.
 */
function hasFirstBootAhead({ spec, files }: Definition): boolean {
  const hasRun = existsSync(files.plan) || readStatus(files).kind !== 'created';
  return existsSync(files.seed) && spec.guestIdentity === 'own' && !hasRun;
}

/** Returns the key alone, which is as long for each machine. @throws BrokenMachineError */
function publicKeyOf(machine: string, sshDirectory: string): string {
  const [, key = ''] = machinePublicKey(sshDirectory).split(' ');
  if (key === '') throw new BrokenMachineError(machine, `${sshFiles(sshDirectory).publicKey} has no key`);
  return key;
}

/** The source changes first: from then on nothing writes to the bases, even if the clone fails. */
function moveToBases(source: Definition, disks: readonly ClonedDisk[]): void {
  const { spec, files } = source;
  const text = formatMachineSpec(spec);
  for (const { place } of disks) place();
  try {
    replaceFile(files.spec, text);
  } catch (error) {
    if (mayHold(files.spec, text)) for (const { keep } of disks) keep();
    throw error;
  }
  for (const { keep } of disks) keep();
  removeReplacedNames(source);
}

/** A failing disk may have renamed the file anyway, and may not be readable. */
function mayHold(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch (error) {
    if (isSystemError(error)) return true;
    throw error;
  }
}

/** Removes old names of disks that an interrupted linked clone turned into bases; a base is the same file. */
function removeReplacedNames({ spec, files }: Definition): void {
  const bases = spec.disks.flatMap(({ backing }) => identityOf(backing?.path) ?? []);
  const used = new Set(spec.disks.map(({ file }) => file));
  for (const name of readdirSync(files.storage)) {
    const path = join(files.storage, name);
    const identity = identityOf(path);
    if (identity !== undefined && bases.includes(identity) && !used.has(name)) removeFile(path);
  }
}

/** Returns the same string for all names of one file. */
function identityOf(path: string | undefined): string | undefined {
  const found = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

interface Place {
  readonly locations: Locations;
  readonly source: Definition;
  /** Storage directory of the clone. */
  readonly storage: string;
  /** Working directory; its files belong to no machine yet. */
  readonly workshop: string;
  readonly signal: AbortSignal | undefined;
}

interface ClonedDisk {
  readonly source: StoredDisk;
  readonly clone: StoredDisk;
  /** Moves the source's new overlay, now complete, into place. */
  readonly place: () => void;
  /** Keeps the files that the source's new spec names, even if the clone fails. */
  readonly keep: () => void;
}

const nothing = (): void => undefined;

async function copyDisk(disk: StoredDisk, { source, storage, signal }: Place): Promise<ClonedDisk> {
  if (!disk.owned) return { source: disk, clone: disk, place: nothing, keep: nothing };
  const file = `${disk.name}${extname(disk.file) || '.img'}`;
  await copyFileSparsely(diskPath(disk, source.files), join(storage, file), signal);
  return { source: disk, clone: { ...lasting(disk), file }, place: nothing, keep: nothing };
}

/** A clone is made by hand. */
function lasting({ temporary: _temporary, ...disk }: StoredDisk): StoredDisk {
  return disk;
}

async function linkDisk(disk: StoredDisk, place: Place, scope: Scope): Promise<ClonedDisk> {
  const { locations, source, storage, workshop, signal } = place;
  if (!disk.owned) return { source: disk, clone: disk, place: nothing, keep: nothing };
  const path = diskPath(disk, source.files);
  const sizeBytes = await linkableBytes(disk, path, signal);
  makeDirectories(locations.disks);
  const base = newBase(locations);
  const backing = { path: base, format: disk.format, ...(disk.backing && { backing: disk.backing }) };
  const overlay = { ...disk, format: 'qcow2' as const, backing };
  const file = `${disk.name}-${randomBytes(3).toString('hex')}.qcow2`;
  const made = join(workshop, file);
  const placed = join(source.files.storage, file);
  let isKept = false;
  scope.defer(() => {
    if (isKept) return;
    removeFile(placed);
    removeBase(base, locations);
  });
  recordBase(base, locations);
  linkSync(path, base);
  const options = { backingPath: base, backingFormat: disk.format, sizeBytes, signal };
  await createOverlay({ ...options, path: made });
  await createOverlay({ ...options, path: join(storage, `${disk.name}.qcow2`) });
  return {
    source: { ...overlay, file },
    clone: { ...lasting(overlay), file: `${disk.name}.qcow2` },
    place: () => renameSync(made, placed),
    keep: () => void (isKept = true),
  };
}

/** Returns the virtual size of a disk that can be a base. @throws InvalidInputError when it cannot. */
async function linkableBytes(
  disk: StoredDisk,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (isAbsolute(disk.file)) {
    throw new InvalidInputError(
      'linked',
      `${path} was added with adopt, so other programs may change it; linked clones require disks that do not change`,
      {
        hint: 'make a full clone: leave out --linked',
      },
    );
  }
  const { snapshots, virtualBytes } = await inspectDisk({ path, format: disk.format, signal });
  if (snapshots.length === 0) return virtualBytes;
  throw new InvalidInputError(
    'linked',
    `linked clones cannot include the snapshots of ${path}: ${snapshots.map((one) => one.name).join(', ')}`,
    {
      hint: 'make a full clone: leave out --linked; or remove the snapshots first',
    },
  );
}
