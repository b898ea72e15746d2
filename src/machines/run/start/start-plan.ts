import { chooseAccelerator } from '../../../host/kvm/accelerator.ts';
import { ownCgroup } from '../../../host/programs/cgroup-manager.ts';
import { LONGEST_TPM_STATE, confineSwtpm } from '../../../host/confined-programs.ts';
import type { Host } from '../../../host/survey/host.ts';
import { probeHost } from '../../../host/probe.ts';
import { probeSwtpm } from '../../../host/programs/swtpm.ts';
import type { Locations } from '../../../machine/paths/locations.ts';
import { checkHostMemory } from '../../../machine/plan/host-memory.ts';
import { namedArguments } from '../../../machine/qemu/named-argv.ts';
import type { NamedPlan, PrivateCardPlan } from '../../../machine/plan/named-plan.ts';
import { cardsOfPorts, sharePort } from '../../../machine/qemu/root-port.ts';
import { qemuConfinement } from '../../../machine/qemu/qemu-confinement.ts';
import { virtiofsdCommand, virtiofsdConfinement } from '../../../machine/share/confined-virtiofsd.ts';
import type { SharePlan } from '../../../machine/share/share-plan.ts';
import type { PullPolicy } from '../../../machine/spec/machine-options.ts';
import { swtpmArguments } from '../../../machine/qemu/tpm-arguments.ts';
import { keeperProgram } from '../../../process/native/keeper-program.ts';
import { withTap } from '../../../network/bridge/bridge.ts';
import { type NetworkLayers, plugArguments } from '../../../network/switch/plug-argv.ts';
import { passtArguments } from '../../../passt/passt-argv.ts';
import { inCgroup } from '../../../process/confine/cgroup.ts';
import { NO_CORE, confine } from '../../../process/confine/confine.ts';
import type { KeeperHelper, KeeperOptions } from '../../../process/keeper.ts';
import { layersOf } from '../../../process/confine/layers.ts';
import { cardSocket } from '../../../machine/paths/directory.ts';
import { requireProgram } from '../../../process/program.ts';
import { STANDARD_DESCRIPTORS, ANY_PARENT, tether } from '../../../process/confine/tether.ts';
import { findBootFiles } from '../../plan/boot-files.ts';
import { type FoundBridge, findBridges, mtusOnBridges } from '../../plan/bridges.ts';
import type { Definition } from '../../record/definition.ts';
import {
  type MachineFiles,
  cardArguments,
  cardLog,
  shareArguments,
  shareLog,
  shareSocket,
} from '../../record/machine-files.ts';
import { requireDiskFiles } from '../../plan/disk-files.ts';
import { planMachineNetwork, planPrivateCards, readEarlierForwards } from '../../plan/machine-network.ts';
import { type KeptMemory, planNamedMachine } from '../../plan/machine-plan.ts';
import { readStatus } from '../../record/machine-status.ts';
import { readSavedNote } from '../../record/saved-note.ts';
import { bridgeCards } from '../../spec/bridge-cards.ts';
import { shareTags } from '../../spec/stored-mounts.ts';
import { commandOptions } from '../guest-command.ts';
import type { StartOptions } from './start-options.ts';

/** The keeper's connections to QEMU: events, console, and the port of the guest's agent. */
const KEEPERS = 3;
/** A helper has one connection to QEMU, after the standard streams. */
const HELPERS_DESCRIPTORS = STANDARD_DESCRIPTORS + 1;

/** The command line of a helper, in a file that the keeper reads. */
export interface HelperCommand extends KeeperHelper {
  readonly argv: readonly string[];
}

/** The decisions of a start. */
export interface StartPlan {
  readonly plan: NamedPlan;
  readonly helpers: readonly HelperCommand[];
  readonly keeper: KeeperOptions;
}

interface PlanOptions {
  /** `missing` by default. */
  readonly pull?: PullPolicy;
  /** Memory to resume from; the saved memory by default. */
  readonly memory?: KeptMemory | undefined;
  /** Choose other host ports than the last run; false by default. */
  readonly otherPorts?: boolean;
}

/** Inspects the host and plans a start; writes nothing, except for an image that has to be built. */
export async function planStart(
  locations: Locations,
  definition: Definition,
  { signal, log, onProgress, paused }: StartOptions,
  { pull = 'missing', memory = savedMemory(definition), otherPorts = false }: PlanOptions = {},
): Promise<StartPlan> {
  const { spec, files } = definition;
  // The host may have less memory than when the machine was created.
  checkHostMemory(spec.memoryBytes);
  requireDiskFiles(definition);
  const host = await probeHost({ cacheDirectory: locations.cache, signal, log });
  const bridges = await findBridges(bridgeCards(spec));
  const plan = planNamedMachine({
    locations,
    spec,
    files,
    host,
    accelerator: chooseAccelerator(spec.accel, host, spec.cpuLevel),
    cgroup: ownCgroup(spec.limits, spec.name),
    source: await findBootFiles(definition, { locations, signal, onProgress, pull }),
    network: await planMachineNetwork(definition, host, otherPorts ? [] : readEarlierForwards(files), signal),
    // Memory keeps the MTUs of its time: a guest that knows its MTU cannot be restored with a card that tells it none.
    bridgeMtus: memory?.bridgeMtus ?? mtusOnBridges(bridges),
    privateCards: planPrivateCards(spec, files, host),
    memory,
  });
  const helpers = [
    ...passtHelper(plan, files),
    ...(await tpmHelper(plan, files, host, signal)),
    ...shareHelpers(plan, files),
    ...plugHelpers(plan, files),
  ];
  return {
    plan,
    helpers,
    keeper: {
      lockPath: files.keeperLock,
      recordPath: files.run,
      endedPath: files.end,
      eventsPath: files.events,
      qemuLogPath: files.qemuLog,
      serialLogPath: files.serialLog,
      consolePath: files.consoleSocket,
      serialPath: files.serialSocket,
      agentPath: files.agentSocket,
      runtimeDirectory: files.sockets,
      helpers: [...helpers, ...spareShareHelpers(plan, files), ...sparePlugHelpers(plan, files)],
      mountsPath: files.guestRequest,
      namesPath: files.names,
      forwards: {
        tablePath: files.relayTable,
        socketPath: files.relaySocket,
        argumentsPath: files.relayArguments,
        logPath: files.relayLog,
      },
      ...commandOptions(definition, plan, paused === true),
      paused: paused === true || memory !== undefined,
      command: withTaps(plan, bridges, qemuCommand(plan, host)),
      notifySocket: process.env['NOTIFY_SOCKET'],
    },
  };
}

function savedMemory(definition: Definition): KeptMemory | undefined {
  if (readStatus(definition.files).kind !== 'saved') return undefined;
  return { kind: 'saved', ...readSavedNote(definition) };
}

/** Returns the directories that must exist before the keeper starts. */
export function startDirectories(files: MachineFiles, plan: NamedPlan): string[] {
  return [files.logs, files.sockets, files.keeper, ...(plan.tpmSocket === undefined ? [] : [files.tpm])];
}

function qemuCommand(plan: NamedPlan, host: Host): [string, ...string[]] {
  const descriptors = STANDARD_DESCRIPTORS + KEEPERS + plan.bridges.length;
  return inCgroup(
    plan.cgroup,
    tether(ANY_PARENT, descriptors, [plan.qemu, ...namedArguments(plan)], qemuConfinement(plan, host)),
  );
}

/** The taps come before the layers that drop privileges: the bridge helper has to gain one. */
function withTaps(
  { bridges }: NamedPlan,
  found: readonly FoundBridge[],
  qemu: [string, ...string[]],
): [string, ...string[]] {
  return bridges.reduceRight((command, { number, descriptor }) => {
    const network = found.find(({ card }) => card.number === number)?.network;
    if (!network) throw new Error(`internal error: card ${number} has no bridge`);
    return withTap(keeperProgram(), network, descriptor, command);
  }, qemu);
}

function passtHelper({ network, wiring }: NamedPlan, files: MachineFiles): HelperCommand[] {
  if (network?.passtPath === undefined) return [];
  return [
    {
      name: 'passt',
      socketPath: files.networkSocket,
      kind: streamKind(wiring),
      argumentsPath: files.passtArguments,
      logPath: files.passtLog,
      // passt isolates itself, with mounts and namespaces that our layers would block.
      argv: tether(ANY_PARENT, HELPERS_DESCRIPTORS, [network.passtPath, ...passtArguments(network)], NO_CORE),
    },
  ];
}

/** QEMU before 8.0 listens for the connection of a stream. */
function streamKind({ network }: NamedPlan['wiring']): KeeperHelper['kind'] {
  return network.again === 'listens' ? 'dials' : 'accepted';
}

function plugHelpers({ name, privateCards, wiring }: NamedPlan, files: MachineFiles): HelperCommand[] {
  return privateCards.map((card) => ({
    ...cardHelper(card.card, files),
    kind: streamKind(wiring),
    argv: plugCommand(name, card),
  }));
}

/** Returns the command line of the plug of a machine's card. */
export function plugCommand(
  name: string,
  { mac, switchDirectory, ...layers }: Pick<PrivateCardPlan, 'mac' | 'switchDirectory' | keyof NetworkLayers>,
): [string, ...string[]] {
  const plug = plugArguments({ directory: switchDirectory, name, mac }, layers);
  return tether(ANY_PARENT, HELPERS_DESCRIPTORS, plug, NO_CORE);
}

/** The plugs of networks that the machine joins while it is running: the keeper reads their command lines then. */
function sparePlugHelpers({ rootPorts, privateCards }: NamedPlan, files: MachineFiles): KeeperHelper[] {
  const taken = privateCards.map(({ card }) => card);
  return cardsOfPorts(rootPorts)
    .filter((card) => !taken.includes(card))
    .map((card) => cardHelper(card, files));
}

function cardHelper(card: number, files: MachineFiles): KeeperHelper {
  return {
    name: `card${card}`,
    socketPath: cardSocket(files, card),
    argumentsPath: cardArguments(files, card),
    logPath: cardLog(files, card),
  };
}

function shareHelpers({ shares }: NamedPlan, files: MachineFiles): HelperCommand[] {
  return shares.map((share) => ({ ...shareHelper(share.tag, files), argv: shareCommand(share) }));
}

/** Returns the command line of a share's virtiofsd. */
export function shareCommand(share: SharePlan): string[] {
  return tether(ANY_PARENT, HELPERS_DESCRIPTORS, virtiofsdCommand(share), virtiofsdConfinement(share));
}

/** The command lines of these are written when directories are added. */
function spareShareHelpers({ rootPorts, shares }: NamedPlan, files: MachineFiles): KeeperHelper[] {
  return shareTags()
    .filter((tag) => rootPorts.includes(sharePort(tag)) && shares.every((share) => share.tag !== tag))
    .map((tag) => shareHelper(tag, files));
}

function shareHelper(tag: string, files: MachineFiles): KeeperHelper {
  return {
    name: tag,
    socketPath: shareSocket(files, tag),
    kind: 'listens',
    argumentsPath: shareArguments(files, tag),
    logPath: shareLog(files, tag),
  };
}

async function tpmHelper(
  { tpmSocket }: NamedPlan,
  files: MachineFiles,
  host: Host,
  signal: AbortSignal | undefined,
): Promise<HelperCommand[]> {
  if (tpmSocket === undefined) return [];
  const path = requireProgram('swtpm', 'install the package swtpm, which emulates the TPM');
  return [
    {
      name: 'swtpm',
      socketPath: tpmSocket,
      argumentsPath: files.swtpmArguments,
      logPath: files.swtpmLog,
      argv: tether(
        ANY_PARENT,
        HELPERS_DESCRIPTORS,
        swtpmArguments(await probeSwtpm(path, signal), files.tpm),
        confine(
          confineSwtpm(path, files.tpm),
          layersOf({ connects: 'nowhere', longestFile: LONGEST_TPM_STATE }, host.confinement),
        ),
      ),
    },
  ];
}
