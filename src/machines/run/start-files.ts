import type { Locations } from '../../machine/paths/locations.ts';
import type { TextFile } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import { argumentsText } from '../../process/keeper.ts';
import { sshEndpoint } from '../spec/forwards.ts';
import { serialStartFile } from '../channel/serial-start.ts';
import { sshConfigFile } from '../ssh/ssh-files.ts';
import { guestRequest } from './guest-request.ts';
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
    { path: files.guestRequest, text: guestRequest(plan) },
    { path: files.plan, text: JSON.stringify(plan) },
    ...(endpoint ? [sshConfigFile(spec, files.ssh, endpoint)] : []),
  ];
}
