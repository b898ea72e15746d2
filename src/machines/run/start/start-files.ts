import { bootNames } from '../../../machine/network/boot-names.ts';
import type { Locations } from '../../../machine/paths/locations.ts';
import type { TextFile } from '../../../util/files/atomic-file.ts';
import type { Definition } from '../../record/definition.ts';
import { argumentsText } from '../../../process/keeper.ts';
import type { NamedPlan } from '../../../machine/plan/named-plan.ts';
import { relayArguments, relayTable } from '../../../network/relay/relay-argv.ts';
import type { MachineFiles } from '../../record/machine-files.ts';
import { networksOf, placesOf } from '../../record/network-members.ts';
import { sshEndpoint } from '../../spec/forwards.ts';
import { serialStartFile } from '../../channel/serial-start.ts';
import { sshConfigFiles } from '../../ssh/ssh-files.ts';
import { guestRequest } from '../guest-request.ts';
import type { StartPlan } from './start-plan.ts';
import { directoryMark } from '../../recovery/store-mark.ts';

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
    ...relayFiles(plan, files),
    { path: files.guestRequest, text: guestRequest(plan) },
    ...namesFiles({ spec, files }),
    { path: files.plan, text: JSON.stringify(plan) },
    ...sshConfigFiles({ spec, files }, endpoint),
  ];
}

/** A machine that was never in a network has no names of ours; one that has left all of them forgets theirs. */
function namesFiles({ spec, files }: Definition): TextFile[] {
  if (spec.networks === undefined) return [];
  return [{ path: files.names, text: bootNames(placesOf(files), networksOf(spec)) }];
}

/** The keeper can be told of forwards while the machine is running, so these files are written even if there are no forwards yet. */
function relayFiles(
  { relay }: NamedPlan,
  { relayTable: path, relayArguments: argvPath }: MachineFiles,
): TextFile[] {
  if (!relay) return [];
  return [
    { path, text: relayTable(relay) },
    { path: argvPath, text: argumentsText(relayArguments(relay.layers)) },
  ];
}
