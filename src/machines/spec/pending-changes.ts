import type { StartSettings } from '../../machine/plan/named-plan.ts';
import { hardwareOf } from '../../machine/spec/hardware-options.ts';
import type { MachineSpec } from './machine-spec.ts';

/** Returns what a start uses of the settings that `set` changes, by the names of their options. */
export function settingsOf(spec: MachineSpec): StartSettings {
  const { memoryBytes, limits, boot, net, bridge, mtu, bridges, mac, tpm, display } = spec;
  return {
    memory: memoryBytes,
    ...hardwareOf(spec),
    limits,
    append: 'append' in boot ? boot.append : undefined,
    net: { net, bridge, mtu, bridges },
    mac,
    tpm,
    display,
    installer: spec.installer !== undefined,
  };
}

/**
 * Returns the names of the settings that a running machine gets at its next start.
 * @param started those of the start; undefined in a plan of an older release.
 */
export function pendingChanges(spec: MachineSpec, started: StartSettings | undefined): string[] {
  if (!started) return [];
  return Object.entries(settingsOf(spec))
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(started[name]))
    .map(([name]) => name);
}
