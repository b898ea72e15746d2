import { machineDirectory } from '../../machine/paths/directory.ts';
import type { Plan } from '../../machine/plan/plan.ts';
import { EMBEDDED_WIRING, claimMachineDirectory } from '../../machine/qemu/embedded-machine.ts';
import { planMachine } from '../../machine/survey/plan-machine.ts';
import type { Findings } from '../../machine/survey/survey.ts';
import { newMac } from '../../network/card/network-card.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import type { Scope } from '../../util/scope.ts';
import type { TemplateFiles } from '../template-files.ts';

/** Name of a guest while it boots; each machine gets its own. */
export const NAME_AT_BOOT = 'vmlet';

/** Plans of a machine that boots, is saved, and continues. All have the same hardware. */
export interface ContinuedPlans {
  /** While it boots: the guest does not know its own name. */
  readonly atBoot: Plan;
  /** Once it continues, with an identity of its own. */
  readonly own: Plan;
  /** For the machines that are forked from it. */
  readonly saved: Plan;
}

/** @param memoryPath of the machine's own memory. */
export async function planContinued(
  findings: Findings,
  files: TemplateFiles,
  memoryPath: string,
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<ContinuedPlans> {
  const { network, spec, locations } = findings;
  const directory = claimMachineDirectory(locations, scope);
  const parts = { ...findings, wiring: EMBEDDED_WIRING, startPaused: true };
  const bound = network && { ...network, forwards: await chooseHostPorts(network.forwards, signal) };
  const plan = planMachine({ ...parts, network: bound, directory, memoryFile: memoryPath });
  return {
    atBoot: { ...plan, guest: { ...plan.guest, hostname: NAME_AT_BOOT } },
    own: {
      ...plan,
      network: plan.network && { ...plan.network, guest: { ...plan.network.guest, mac: newMac() } },
    },
    saved: planMachine({
      ...parts,
      spec: { ...spec, name: NAME_AT_BOOT, ports: [], sockets: [], tmpfs: [] },
      cgroup: undefined,
      network: network && { ...network, forwards: [] },
      directory: machineDirectory(directory.sockets, files.directory),
      memoryFile: files.memory,
    }),
  };
}

/** Returns the files that the machine writes to or loses when it ends, except its memory, as copies to make. */
export function copiesToSave({ atBoot, saved }: ContinuedPlans): (readonly [from: string, to: string])[] {
  const copies = atBoot.disks
    .filter(({ readOnly }) => !readOnly)
    .map(({ nodeName, path }): [string, string] => [path, saved.directory.disk(nodeName)]);
  if (atBoot.firmware && saved.firmware)
    copies.push([atBoot.firmware.variablesPath, saved.firmware.variablesPath]);
  if (atBoot.seed && saved.seed) copies.push([atBoot.seed.path, saved.seed.path]);
  if (atBoot.boot.kind === 'kernel' && atBoot.boot.initrdBase !== undefined)
    copies.push([atBoot.directory.initrd, saved.directory.initrd]);
  return copies;
}
