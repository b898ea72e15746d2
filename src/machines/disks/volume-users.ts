import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenMachineError, MachineNotFoundError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import {
  type Volume,
  describeThrowAway,
  findVolume,
  processesUsing,
  volumeNames,
} from '../../machine/volume/volume.ts';
import { volumeFiles, volumeFilesIn } from '../../machine/volume/volume-files.ts';
import { machineNames, readSpec } from '../record/definition.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { readStatus } from '../record/machine-status.ts';
import { volumesInUse } from '../record/volumes-in-use.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** A named machine with a volume. */
export interface VolumeMachine {
  readonly name: string;
  /** Its path in the guest. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly running: boolean;
  /** The volume was removed from the machine, which has it until it stops. */
  readonly removed: boolean;
}

/** Users of a volume. */
export interface VolumeUsers {
  readonly machines: readonly VolumeMachine[];
  /** Processes whose throw-away machines use it. */
  readonly processes: readonly number[];
}

/** A volume and its users. */
export interface ListedVolume extends Volume, VolumeUsers {}

/** Lists all volumes by name. */
export function listVolumes(locations: Locations): ListedVolume[] {
  return volumeNames(locations)
    .map((name) => lookAtVolume(locations, name))
    .filter((volume) => volume !== undefined);
}

export function lookAtVolume(locations: Locations, name: string): ListedVolume | undefined {
  const volume = findVolume(locations, name);
  if (!volume) return undefined;
  return { ...volume, ...findVolumeUsers(locations, name, volumeFiles(locations, name).directory) };
}

/** @param directory the volume's, which need not be in its place. */
export function findVolumeUsers(locations: Locations, name: string, directory: string): VolumeUsers {
  return {
    machines: machineNames(locations).flatMap((machine) => machineWith(locations, machine, name)),
    processes: processesUsing(volumeFilesIn(directory).users),
  };
}

function machineWith(locations: Locations, machine: string, volume: string): VolumeMachine[] {
  try {
    const { spec, files } = readSpec(locations, machine);
    const running = readStatus(files).kind === 'running';
    return volumesInUse({ spec, files })
      .filter(({ name }) => name === volume)
      .map(({ target, readOnly }) => {
        const isDefined = spec.volumes?.some((one) => one.name === volume && one.target === target);
        return { name: machine, target, readOnly, running, removed: isDefined !== true };
      });
  } catch (error) {
    if (error instanceof MachineNotFoundError) return [];
    if (!(error instanceof BrokenMachineError)) throw error;
    // Its definition may be of a newer release, and its guest may be running: a volume that it names is in use.
    const text = unlessMissing(() =>
      readFileSync(definitionFiles(join(locations.machines, machine)).spec, 'utf8'),
    );
    const isNamed = text?.includes(JSON.stringify(volume)) ?? false;
    return isNamed ? [{ name: machine, target: '?', readOnly: false, running: false, removed: false }] : [];
  }
}

/** Describes each user, for errors. */
export function describeUsers({ machines, processes }: VolumeUsers): string[] {
  return [...machines.map(({ name }) => `machine "${name}"`), ...processes.map(describeThrowAway)];
}
