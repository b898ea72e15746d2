import { type Accelerator, chooseAccelerator } from '../../host/kvm/accelerator.ts';
import type { Host } from '../../host/survey/host.ts';
import { ownCgroup } from '../../host/programs/cgroup-manager.ts';
import { probeHost } from '../../host/probe.ts';
import { planNetworkHere } from '../../network/probe/host-network.ts';
import type { Cgroup } from '../../process/confine/cgroup.ts';
import { type NetworkPlan, withMac } from '../../network/plan/network.ts';
import { findHostSystem } from './find-host-system.ts';
import { findMounts } from './find-mounts.ts';
import { findBootSource, findDisks, findFirmwareFor } from './boot-source.ts';
import { requirePlatform } from '../../host/require-platform.ts';
import type { Firmware } from '../../host/firmware/firmware.ts';
import type { Locations } from '../paths/locations.ts';
import type { BootSource, FoundSpec } from './found-spec.ts';
import { ownLocations } from '../paths/own-locations.ts';
import { checkSocketLength } from '../paths/runtime-directory.ts';
import { checkHostMemory } from '../plan/host-memory.ts';
import { needsSeed } from '../plan/seed-disk.ts';
import { shareOfHost } from '../share/host-system.ts';
import type { LaunchOptions } from '../spec/launch-options.ts';
import type { PullPolicy } from '../spec/machine-options.ts';
import type { Spec } from '../spec/spec.ts';

/** Facts about the host that a launch needs for its plan. */
export interface Findings {
  readonly locations: Locations;
  readonly host: Host;
  readonly accelerator: Accelerator;
  readonly cgroup: Cgroup | undefined;
  readonly network: NetworkPlan | undefined;
  readonly source: BootSource;
  readonly firmware: Firmware | undefined;
  readonly hasSeed: boolean;
  readonly spec: FoundSpec;
}

/**
 * Examines the host and the files that the spec names. Builds the image if it is missing, unless that is
 * disabled.
 * @throws InvalidInputError, MissingProgramError, AcceleratorUnavailableError, ImageNotFoundError,
 * ImageBuildError, …
 */
export async function survey(
  spec: Spec,
  { signal, log, onProgress }: LaunchOptions,
  {
    pull = spec.pull,
    locations = ownLocations(),
    ownsMemory = false,
  }: {
    readonly pull?: PullPolicy;
    readonly locations?: Locations | undefined;
    /** True when no other process accesses the guest's memory. */
    readonly ownsMemory?: boolean;
  } = {},
): Promise<Findings> {
  requirePlatform();
  checkSocketLength(locations.runtime);
  checkHostMemory(spec.memoryBytes);
  const cgroup = ownCgroup(spec.limits, spec.name);
  const host = await probeHost({ cacheDirectory: locations.cache, signal, log });
  const sharesMemory = !ownsMemory && host.qemu.objects.includes('memory-backend-memfd');
  const network =
    spec.net === 'none'
      ? undefined
      : withMac(planNetworkHere(spec.net, spec.ports, host.passt, sharesMemory), spec.mac);
  const mounts = findMounts(spec, host, locations);
  const system =
    spec.boot.kind === 'host'
      ? await findHostSystem(spec.boot.directory, spec.shares, host, signal)
      : undefined;
  const disks = await findDisks(spec.disks, signal);
  const source = await findBootSource(spec, { locations, signal, onProgress, pull });
  const image = source.kind === 'disk' ? source.image : undefined;
  const accelerator = chooseAccelerator(spec.accel, host, image?.guest.cpu);
  const firmware = await firmwareOf(spec, source);
  const hasSeed = source.kind === 'disk' && needsSeed(spec.seed, source.image);
  return {
    locations,
    host,
    accelerator,
    cgroup,
    network,
    source,
    firmware,
    hasSeed,
    spec: {
      ...spec,
      disks,
      ...mounts,
      shares: system ? [shareOfHost(system), ...mounts.shares] : mounts.shares,
      directory: system?.workdir,
    },
  };
}

async function firmwareOf(spec: Spec, source: BootSource): Promise<Firmware | undefined> {
  if (source.kind === 'kernel') return undefined;
  return findFirmwareFor(source.image?.guest, spec.firmware);
}
