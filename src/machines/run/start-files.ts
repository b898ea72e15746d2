import type { Locations } from '../../machine/paths/locations.ts';
import { encodeConfiguration } from '../../guest/agent/configuration.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { mountsOf } from '../../machine/share/mounts.ts';
import type { TextFile } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import { argumentsText } from '../../process/keeper.ts';
import { sshEndpoint } from '../spec/forwards.ts';
import { serialStartFile } from '../channel/serial-start.ts';
import { sshConfigFile } from '../ssh/ssh-files.ts';
import type { StartPlan } from './start-plan.ts';
import { directoryMark } from '../disks/sweep.ts';

/** Returns the files to write before the keeper starts; other commands find the machine by them. */
export function startFiles(
  locations: Locations,
  { spec, files }: Definition,
  { plan, helpers }: Pick<StartPlan, 'plan' | 'helpers'>,
): TextFile[] {
  const endpoint = plan.network && sshEndpoint(plan.network.forwards);
  return [
    ...[files.logs, files.sockets].map((directory) => directoryMark(directory, locations)),
    serialStartFile(files),
    ...helpers.map(({ argumentsPath, argv }) => ({ path: argumentsPath, text: argumentsText(argv) })),
    ...(needsGuestRequest(plan) ? [{ path: files.guestRequest, text: guestRequest(plan) }] : []),
    { path: files.plan, text: JSON.stringify(plan) },
    ...(endpoint ? [sshConfigFile(spec, files.ssh, endpoint)] : []),
  ];
}

/** True when the guest needs settings that it does not keep: shares, and addresses in private networks. */
export function needsGuestRequest({
  shares,
  privateCards,
}: Pick<NamedPlan, 'shares' | 'privateCards'>): boolean {
  return shares.length > 0 || privateCards.length > 0;
}

/** The keeper sends it at each boot; the agent in the guest knows no fstab. */
function guestRequest({ shares, privateCards, boot, guest }: NamedPlan): string {
  return encodeConfiguration({
    // A full system loads them by itself; `micro` waits for this.
    modules: boot.kind === 'kernel' && privateCards.length > 0 ? [...guest.modules] : [],
    network: privateCards.map(({ mac, mtu, addresses }) => ({ mac, mtu, addresses: [...addresses] })),
    mounts: mountsOf(shares),
  }).toString('hex');
}
