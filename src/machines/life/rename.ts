import { existsSync, renameSync } from 'node:fs';
import { InvalidInputError, MachineExistsError } from '../../errors/index.ts';
import { tellNetworks } from '../../machine/network/tell-members.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { copySeedDisk } from '../../machine/plan/seed-disk.ts';
import { renameInPartitions } from '../../network/private/groups.ts';
import { publishNetworks } from '../../network/private/members.ts';
import { changePartitions, withNetworksLock } from '../../network/private/network-shelf.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { removeFile } from '../../util/files/removal.ts';
import { Scope } from '../../util/scope.ts';
import { requireStopped } from '../lock/edit.ts';
import { lockMachine } from '../lock/machine-lock.ts';
import { type Definition, machineNames, readDefinition } from '../record/definition.ts';
import { type MachineFiles, machineFiles } from '../record/machine-files.ts';
import { checkNewName, networksOf } from '../record/network-members.ts';
import { placeMachine } from '../record/staging.ts';
import { settleInterrupted } from '../recovery/interrupted-restore.ts';
import { checkMachineName, formatMachineSpec } from '../spec/machine-spec.ts';
import { hasSystemdUnit } from './systemd.ts';
import { renameKnownHosts, sshFiles } from '../ssh/ssh-files.ts';

/**
 * Renames a machine that is not running. The guest learns the new name when it asks for it, and cloud-init sets it at the
 * next boot; files that the guest has already written do not change. The running members of its networks get the new name.
 * @throws MachineStateError when it is running, MachineExistsError, MachineBusyError, InvalidInputError
 */
export async function renameMachine(locations: Locations, name: string, newName: string): Promise<void> {
  const networks = await renameWithoutTelling(locations, name, newName);
  await tellNetworks(locations, networks, undefined);
}

/** @returns the networks whose members have to be told. */
async function renameWithoutTelling(locations: Locations, name: string, newName: string): Promise<string[]> {
  checkMachineName(newName);
  const { files } = readDefinition(locations, name);
  await using scope = new Scope();
  await lockMachine(name, files, 'renaming it', scope);
  const { spec } = readDefinition(locations, name);
  requireStopped({ spec, files }, 'renamed');
  refuseSystemdUnit(name, newName);
  // Pending repairs name its disks by their paths.
  await settleInterrupted({ spec, files });
  if (machineNames(locations).includes(newName)) throw new MachineExistsError(newName);
  const renamed = machineFiles(locations, newName, spec.id);
  const hasSeed = await prepareSeed({ spec, files }, newName, scope);
  await withNewName(locations, { spec, files }, newName, () => {
    // A rename that is interrupted after it can be repeated.
    if (hasSeed) renameSync(nextSeed(files), files.seed);
    // The directory's name is the machine's name: this step is the rename, the rest only repeats the name.
    placeMachine(files.directory, locations, newName);
    replaceFile(renamed.spec, formatMachineSpec({ ...spec, name: newName }));
  });
  removeFile(sshFiles(renamed.ssh).config);
  renameKnownHosts(newName, renamed.ssh);
  return networksOf(spec);
}

function nextSeed({ seed }: Pick<MachineFiles, 'seed'>): string {
  return `${seed}.new`;
}

/** Writes the seed with the new host name beside the old one, where it stays only until the scope closes. */
async function prepareSeed({ spec, files }: Definition, hostname: string, scope: Scope): Promise<boolean> {
  if (!existsSync(files.seed)) return false;
  const next = nextSeed(files);
  // An earlier change was interrupted.
  removeFile(next);
  scope.defer(() => removeFile(next));
  const from = { path: files.seed, macAddress: spec.mac };
  await copySeedDisk(from, { path: next, macAddress: spec.mac, hostname, earlierHostname: spec.name });
  return true;
}

/** @throws InvalidInputError for a machine whose unit would still start the old name. */
function refuseSystemdUnit(name: string, newName: string): void {
  if (!hasSystemdUnit(name)) return;
  throw new InvalidInputError('machine', `"${name}" has a systemd unit, which starts it by this name`, {
    hint: `remove the unit first, with your changes to it: vmlet systemd uninstall ${name}; after the rename, run: vmlet systemd install ${newName}`,
  });
}

/** Checks that the networks of a machine have room for its new name, renames it in partitions, and tells the switches. */
async function withNewName(
  locations: Locations,
  { spec }: Definition,
  newName: string,
  rename: () => void,
): Promise<void> {
  const networks = networksOf(spec);
  if (networks.length === 0) return rename();
  await withNetworksLock(locations.networks, {}, async () => {
    checkNewName(locations, spec, newName);
    rename();
    changePartitions(locations.networks, networks, (partitions) =>
      renameInPartitions(partitions, spec.name, newName),
    );
    await publishNetworks(locations, networks);
  });
}
