import {
  CommandFailedError,
  CopyInError,
  GuestMountError,
  GuestPlugError,
  ImageLockedError,
  InvalidInputError,
  MissingProgramError,
  NoSpaceError,
  PermissionError,
  PortTakenError,
  SharesUnavailableError,
  StandstillError,
  VmletError,
  VolumeInUseError,
  isSystemError,
} from '../../errors/index.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import { ownCgroup } from '../../host/programs/cgroup-manager.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { HostSystemShare } from '../../machine/share/host-system.ts';
import { bootTimeoutMs } from '../../machine/spec/guest-time.ts';
import type { KeptLimits } from '../../machine/settings/kept-limits.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import type { Spec } from '../../machine/spec/spec.ts';
import type { Findings } from '../../machine/survey/survey.ts';
import { withPortChoices } from '../../network/ports/port-choices.ts';
import type { Renewal } from '../../machine/launch/reach-guest.ts';
import type { Scope } from '../../util/scope.ts';
import type { OwnFiles } from '../fork-plan.ts';
import type { Template } from '../template.ts';
import { renewSecrets } from './fresh-system.ts';
import type { KeptGuests } from './kept-guests.ts';

/** A launch that may be served by a kept guest. */
export interface KeptRequest {
  readonly options: LaunchOptions;
  readonly spec: Spec;
  readonly findings: Findings;
  readonly guests: KeptGuests;
  readonly limits: KeptLimits;
  readonly key: string;
  readonly kept: 'use' | 'renew';
  /** Number of its spare network cards. */
  readonly networkCards: number;
  /** Places for all files of the machine, if its guest becomes a template. */
  readonly own: OwnFiles | undefined;
}

/** @param hold keeps the files of the template in place; undefined when they have just been removed. */
export async function forkFrom(
  template: Template,
  request: KeptRequest,
  hold: () => Scope | undefined,
  cloudInit?: CloudInitStatus,
): Promise<Machine | undefined> {
  const { options, spec, findings, own } = request;
  const { signal, log, ports = [], volumes = [], mounts = [] } = options;
  const timeoutMs = forkTimeoutMs(request);
  return withPortChoices(log, async () => {
    const scope = hold();
    if (!scope) return undefined;
    const pending = await template.prepare(
      {
        name: spec.name,
        ports,
        volumes,
        mounts,
        mac: spec.mac,
        ...(signal && { signal }),
        ...(log && { log }),
      },
      {
        host: findings.host,
        scope,
        limits: { cgroup: ownCgroup(spec.limits, spec.name) },
        disks: findings.spec.disks,
        hostSystem: hostSystemOf(findings),
        own,
      },
    );
    return pending.run({
      signal,
      log,
      timeoutMs,
      cloudInit,
      origin: 'kept',
      renew: renewalOf(request),
    });
  });
}

/** Returns the time limit of a fork: that of the boot, which would have to make the same copies of directories. */
export function forkTimeoutMs({
  spec,
  findings: { source, accelerator },
}: {
  readonly spec: Pick<Spec, 'timeoutMs'>;
  readonly findings: {
    readonly source: Pick<Findings['source'], 'kind'>;
    readonly accelerator: Pick<Findings['accelerator'], 'kind'>;
  };
}): number {
  return spec.timeoutMs ?? bootTimeoutMs(source.kind, accelerator);
}

/** The system of `image: 'host'`, to which a fork of `micro` switches. */
export function hostSystemOf({ spec }: Findings): HostSystemShare | undefined {
  const share = spec.shares.find(({ shows }) => shows !== undefined);
  return share && { share, workdir: spec.directory };
}

/** Renews what a full system drew while it booted. */
export function renewalOf({ spec, own, findings: { source } }: KeptRequest): Renewal | undefined {
  if (source.kind !== 'disk') return undefined;
  // Keys that the guest of a template creates later would be created again in each of its forks.
  const awaitsServers = spec.ports.length > 0 || own !== undefined;
  return async (agent) => renewSecrets(agent, { awaitsServers });
}

const REPEATABLE = [
  CommandFailedError,
  CopyInError,
  GuestMountError,
  GuestPlugError,
  ImageLockedError,
  InvalidInputError,
  MissingProgramError,
  PermissionError,
  PortTakenError,
  SharesUnavailableError,
  VolumeInUseError,
] as const;

/** Another boot would fail in the same way where the request is wrong, or the host or the guest lacks something. */
export function mayBootInstead(error: unknown, { signal }: LaunchOptions): boolean {
  if (signal?.aborted === true || !(error instanceof VmletError || isSystemError(error))) return false;
  return !REPEATABLE.some((kind) => error instanceof kind);
}

/**
 * Whether to remove a kept guest that cannot be forked, and boot another. A fork with files of its own may fail because of
 * the place of these files: another guest would be copied to the same place.
 */
export function mayReplace(error: unknown, { options, own }: Pick<KeptRequest, 'options' | 'own'>): boolean {
  const cannotCopy = error instanceof NoSpaceError || error instanceof StandstillError;
  return !(own !== undefined && cannotCopy) && mayBootInstead(error, options);
}

/** Work on the cache, on which the machine that runs already does not depend. */
export async function attempt(
  what: string,
  { log }: LaunchOptions,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VmletError || isSystemError(error))) throw error;
    log?.debug({ err: error }, `cannot ${what}`);
  }
}
