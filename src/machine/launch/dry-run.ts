import { join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import { readAgent } from '../../images/record/agent-file.ts';
import { createArguments } from '../../images/qemu-img/qemu-img-arguments.ts';
import { passtArguments } from '../../passt/passt-argv.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import { virtiofsdCommand, virtiofsdConfinement } from '../share/confined-virtiofsd.ts';
import { refuseNamedOwners } from '../share/guest-owner.ts';
import type { SharePlan } from '../share/share-plan.ts';
import { inCgroup } from '../../process/confine/cgroup.ts';
import { NO_CORE } from '../../process/confine/confine.ts';
import { STANDARD_DESCRIPTORS, ANY_PARENT, tether } from '../../process/confine/tether.ts';
import { qemuConfinement } from '../qemu/qemu-confinement.ts';
import { type MachineDirectory, machineDirectory } from '../paths/directory.ts';
import type { Locations } from '../paths/locations.ts';
import { agentProgram } from '../paths/package-files.ts';
import type { DiskPlan, Plan } from '../plan/plan.ts';
import { planMachine } from '../survey/plan-machine.ts';
import { appendAgentArchive } from './agent-archive.ts';
import { newDisk, seedIdentity } from './prepare.ts';
import { quoteForShell } from '../qemu/quote.ts';
import { seedContent } from '../plan/seed-disk.ts';
import type { LaunchOptions } from '../spec/launch-options.ts';
import { parseSpec } from '../spec/spec.ts';
import type { MachineOrigin } from '../running/machine.ts';
import { qemuCommand } from '../running/start-processes.ts';
import { type Findings, survey } from '../survey/survey.ts';

/** Name of the agent's program on the seed disk. */
const AGENT_IN_SEED = 'vmlet-agent';

/** Ends an error about an owner. */
export const IN_SCRIPT = 'with --dry-run, because the printed script cannot ask the guest for them';

/** The plan of a launch that was not carried out. */
export interface DryRun {
  readonly origin: MachineOrigin;
  readonly plan: Plan;
  /** A shell script that starts the same machine by hand, with its console on the terminal. */
  readonly script: string;
}

/** Describes what a launch that boots would do. @throws as `dryRun` does. */
export async function dryRunOfBoot(options: LaunchOptions = {}): Promise<DryRun> {
  const spec = parseSpec(options);
  refuseNetworks(spec.networks);
  refuseNamedOwners(spec.shares, IN_SCRIPT);
  const findings = await survey(spec, options, { pull: 'never' });
  const { host, locations, network } = findings;
  const directory = directoryByHand(locations);
  const plan = planMachine({
    ...findings,
    network: network && { ...network, forwards: await chooseHostPorts(network.forwards, options.signal) },
    directory,
    wiring: wiringByHand(directory),
    startPaused: false,
  });
  const preparation = [
    ...(await initrdLines(plan)),
    ...plan.disks.map(diskLine).filter((line) => line !== undefined),
    ...nvramLines(plan),
    ...(await seedLines(plan, findings)),
  ];
  return { origin: 'boot', plan, script: scriptOf(plan, host, preparation) };
}

/** @throws InvalidInputError */
export function refuseNetworks(networks: readonly unknown[]): void {
  if (networks.length === 0) return;
  throw new InvalidInputError(
    'networks',
    'cannot be used with --dry-run, because vmlet assigns the address in the network only when it starts the machine',
    { hint: 'leave out this option' },
  );
}

/** The guest of a fork has an address already; its agent changes it once the fork runs. */
export function refuseMac(mac: string | undefined): void {
  if (mac === undefined) return;
  throw new InvalidInputError(
    'mac',
    'cannot be used with --dry-run of a template, because only vmlet itself can give a forked guest this address',
    { hint: 'leave out this option' },
  );
}

/** Directories for a machine that is started by hand. */
export function directoryByHand({ runtime, scratch }: Locations): MachineDirectory {
  const own = `by-hand-${process.pid}`;
  return machineDirectory(join(runtime, own), join(scratch, own));
}

export function wiringByHand(directory: MachineDirectory): Plan['wiring'] {
  return {
    monitor: { kind: 'listening', path: directory.monitorSocket },
    agent: { kind: 'listening', path: directory.agentSocket },
    console: { kind: 'terminal' },
    network: { descriptor: undefined },
    cards: 'none',
  };
}

/**
 * @param preparation shell commands that create the files QEMU needs.
 * @param descriptors number of descriptors that QEMU inherits, starting at 0.
 */
export function scriptOf(
  plan: Plan,
  host: Host,
  preparation: readonly string[],
  descriptors = STANDARD_DESCRIPTORS,
): string {
  const { directory } = plan;
  const lines = [
    '#!/bin/sh',
    '# Starts the machine as vmlet would, with the serial console on this terminal; Ctrl-C stops the machine.',
    '# vmlet connects the programs below by inherited file descriptors; this script uses socket files instead.',
    '# This script runs no commands in the guest; vmlet runs commands there through its agent (agent.sock).',
    'set -e',
    ...directoryLines(directory),
    ...preparation,
    ...networkLines(plan),
    ...plan.shares.flatMap(shareLines),
    command([
      'env',
      '-i',
      ...inCgroup(
        plan.cgroup,
        tether(ANY_PARENT, descriptors, qemuCommand(plan), qemuConfinement(plan, host)),
      ),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function directoryLines({ sockets, storage }: MachineDirectory): string[] {
  return [
    command(['mkdir', '-p', '-m', '700', sockets, storage]),
    `trap ${quoteForShell(command(['rm', '-rf', sockets, storage]))} EXIT`,
    "trap 'exit 130' INT",
    "trap 'exit 143' TERM",
  ];
}

async function initrdLines({ boot, directory }: Plan): Promise<string[]> {
  if (boot.kind !== 'kernel' || boot.initrdBase === undefined) return [];
  if (boot.modules !== undefined) {
    throw new InvalidInputError(
      'modules',
      'cannot be used with --dry-run, because the printed script cannot collect kernel modules',
      {
        hint: 'leave out --modules, and add --initrd FILE with an initramfs that contains these modules',
      },
    );
  }
  const agentPath = agentProgram();
  return [
    command(['cp', boot.initrdBase, directory.initrd]),
    command(['truncate', '-s', '%4', directory.initrd]),
    ...appendAgentArchive(await readAgent(agentPath), { agentPath, target: directory.initrd }, command),
  ];
}

export function diskLine(disk: DiskPlan): string | undefined {
  const made = newDisk(disk);
  return made && command(['qemu-img', ...createArguments(made)]);
}

function nvramLines({ firmware }: Plan): string[] {
  if (!firmware) return [];
  const { varsTemplate, variablesPath } = firmware;
  const formats = ['-f', varsTemplate.format, '-O', 'qcow2'];
  return [command(['qemu-img', 'convert', ...formats, varsTemplate.path, variablesPath])];
}

/** In the script, mtools creates the file system. */
async function seedLines(plan: Plan, { spec, source }: Findings): Promise<string[]> {
  if (!plan.seed) return [];
  const guest = source.kind === 'disk' ? source.image?.guest : undefined;
  const { label, files } = await seedContent({ seed: spec.seed, guest, ...seedIdentity(plan) });
  const { path } = plan.seed;
  const sectors = Math.ceil([...files.values()].reduce((sum, { length }) => sum + length, 0) / 512) + 4096;
  return [
    command(['mformat', '-C', '-i', path, '-v', label, '-T', String(sectors), '::']),
    ...[...files].map(([name, content]) =>
      name === AGENT_IN_SEED
        ? command(['mcopy', '-i', path, agentProgram(), `::${name}`])
        : `${command(['printf', '%s', Buffer.from(content).toString('utf8')])} | ${command(['mcopy', '-i', path, '-', `::${name}`])}`,
    ),
  ];
}

function networkLines({ network, directory }: Plan): string[] {
  if (network?.passtPath === undefined) return [];
  const socket = directory.networkSocket;
  const passt = [network.passtPath, ...passtArguments(network, { kind: 'listening', path: socket })];
  return [
    `${command(['env', '-i', ...tether(ANY_PARENT, STANDARD_DESCRIPTORS, passt, NO_CORE)])} &`,
    awaitSocket(socket),
  ];
}

/** The shell cannot create a listening socket, which virtiofsd inherits otherwise. */
function shareLines(share: SharePlan): string[] {
  const { socketPath, shows, runsAs } = share;
  if (!shows) return daemonLines(share, socketPath, NO_CORE);
  // Without its root directory, it would show everything. Its user can create a socket in a directory of its own only.
  const own = `${socketPath}.d`;
  const first = join(own, 'socket');
  return [
    command(['install', '-d', '-m', '700', '-o', `${runsAs.uid}`, '-g', `${runsAs.gid}`, own]),
    ...daemonLines(share, first, virtiofsdConfinement(share, [own])),
    command(['mv', first, socketPath]),
  ];
}

function daemonLines(share: SharePlan, socketPath: string, confinement: readonly string[]): string[] {
  const virtiofsd = virtiofsdCommand(share).map((word) =>
    word.startsWith('--fd=') ? `--socket-path=${socketPath}` : word,
  ) as [string, ...string[]];
  return [
    `${command(['env', '-i', ...tether(ANY_PARENT, STANDARD_DESCRIPTORS, virtiofsd, confinement)])} &`,
    awaitSocket(socketPath),
  ];
}

/** Waits for the socket of the program that was started last; the script ends with a program that does not start. */
export function awaitSocket(path: string): string {
  return `until [ -S ${quoteForShell(path)} ]; do kill -0 $! 2>/dev/null || exit 1; sleep 0.05; done`;
}

export function command(words: readonly string[]): string {
  return words.map(quoteForShell).join(' ');
}
