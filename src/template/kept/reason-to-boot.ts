import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import { PORTS_FOR_FORKS } from '../../machine/survey/plan-machine.ts';
import type { Spec } from '../../machine/spec/spec.ts';

function devicesOf({ boot, shares, volumes, disks }: Spec): number {
  const mounts = shares.filter(({ copy }) => !copy).length + (boot.kind === 'host' ? 1 : 0);
  return mounts + volumes.length + disks.length;
}

/** Returns why a launch cannot start from a kept guest; undefined when it can. */
export function reasonToBoot(spec: Spec, options: Pick<LaunchOptions, 'console'>): string | undefined {
  if (spec.until === 'running')
    return "with the option until: 'running', vmlet does not wait for the guest to boot and cannot keep it";
  if (options.console) return 'the console output of the boot was requested';
  if (spec.boot.kind === 'host' && spec.boot.own)
    return "a guest with the host's system and another kernel cannot be kept";
  if (devicesOf(spec) > PORTS_FOR_FORKS)
    return `a kept guest can have at most ${PORTS_FOR_FORKS} directories, volumes and disks in total`;
  if (spec.disks.length > 0 && (spec.seed?.userData !== undefined || (spec.seed?.run.length ?? 0) > 0))
    return 'cloud-init may use the disks at the first boot';
  if (spec.boot.kind === 'kernel' && spec.boot.modules !== undefined)
    return 'the kernel modules (--modules) may have changed since an earlier run';
  if (spec.networks.length > 0) return 'the guest joins private networks';
  if (spec.faults) return 'network faults were requested';
  return undefined;
}
