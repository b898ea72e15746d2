import { ownCgroup } from '../../host/programs/cgroup-manager.ts';
import { type DryRun, dryRunOfBoot } from '../../machine/launch/dry-run.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import { readKeptLimits } from '../../machine/settings/kept-limits.ts';
import { parseSpec } from '../../machine/spec/spec.ts';
import { survey } from '../../machine/survey/survey.ts';
import { hostSystemOf } from './fork-guest.ts';
import { keptKey, ownRelease } from './kept-key.ts';
import { KeptGuests } from './kept-guests.ts';
import { reasonToBoot } from './reason-to-boot.ts';

/** Describes the fork that a launch would start, or the boot, and why. @throws as `dryRun` does. */
export async function dryRunKept(
  options: LaunchOptions,
  kept: NonNullable<LaunchOptions['kept']>,
): Promise<DryRun> {
  const spec = parseSpec(options);
  if (kept === 'ignore')
    return remarked(
      await dryRunOfBoot(options),
      "Boots the guest: kept guests are not used with --fresh, VMLET_FRESH=1 or kept: 'ignore'.",
    );
  const reason = reasonToBoot(spec, options);
  if (reason !== undefined) return remarked(await dryRunOfBoot(options), `Boots the guest: ${reason}.`);
  const locations = ownLocations();
  const limits = await readKeptLimits(locations);
  const guests = new KeptGuests(locations);
  guests.requirePrivate();
  const obstacle = guests.obstacle(spec.memoryBytes, limits);
  if (kept === 'renew') {
    const remark =
      obstacle === undefined
        ? 'Boots the guest and keeps it for later runs. It replaces any guest that an earlier run kept.'
        : `Boots the guest, and does not keep it: ${obstacle}.`;
    return remarked(await dryRunOfBoot(options), remark);
  }
  const findings = await survey(spec, options, { locations, pull: 'never', ownsMemory: true });
  const template = guests.find(keptKey(findings, await ownRelease()), limits);
  if (!template || (await template.differences()).length > 0) {
    return remarked(
      await dryRunOfBoot(options),
      `Boots the guest: ${obstacle ?? 'no earlier run has kept a suitable guest'}.`,
    );
  }
  if (options.mac !== undefined) {
    return remarked(
      await dryRunOfBoot(options),
      'Boots the guest: only vmlet itself can give a forked guest the address of --mac.',
    );
  }
  const { signal, ports = [], volumes = [], mounts = [] } = options;
  const fork = await template.dryRun(
    { name: spec.name, ports, volumes, mounts, ...(signal && { signal }) },
    {
      limits: { cgroup: ownCgroup(spec.limits, spec.name) },
      disks: findings.spec.disks,
      hostSystem: hostSystemOf(findings),
    },
  );
  return remarked(
    { ...fork, origin: 'kept' },
    `Forks the guest that an earlier run kept at ${template.createdAt.toISOString()}.`,
  );
}

/** Adds a comment below the first line of the script. */
function remarked({ script, ...described }: DryRun, remark: string): DryRun {
  return { ...described, script: script.replace('\n', `\n# ${remark}\n`) };
}
