import { InvalidInputError, NetworkStartError, TimedOutError } from '../../errors/index.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import { readHostNetwork } from '../../network/probe/host-network.ts';
import { type BoundNetworkPlan, planNetwork } from '../../network/plan/network.ts';
import { passtArguments } from '../../passt/passt-argv.ts';
import {
  type BoundForward,
  type PortForward,
  type PortInput,
  formatPort,
  parsePortForwards,
} from '../../network/ports/port.ts';
import { addSlirpForward, removeSlirpForward } from '../../network/slirp/slirp-live.ts';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { editMachine } from '../lock/edit.ts';
import { readForward, storedForward } from '../spec/forwards.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import type { MachineSpec, StoredForward } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';
import { awaitForwards, logLength } from './passt-readiness.ts';
import { argumentsText } from './start-files.ts';
import { pause } from '../../util/time/pause.ts';

/**
 * Publishes more ports of a machine; one that runs has them when this returns. slirp keeps all connections. passt is
 * started anew, and connections through the other forwards end; the guest notices nothing else.
 * @returns the new forwards, with the host ports that were chosen where the machine runs.
 * @throws InvalidInputError, PortTakenError, MachineBusyError; nothing has changed then.
 */
export async function addPorts(
  locations: Locations,
  name: string,
  ports: readonly PortInput[],
  limits: Limits = {},
): Promise<readonly (PortForward | BoundForward)[]> {
  const wanted = parsePortForwards(ports);
  const { added } = await editMachine(locations, name, 'changing its ports', async (definition) => {
    const { spec } = definition;
    refuseWithoutForwards(spec);
    // Together, so that two for one host port are noticed.
    parsePortForwards([...spec.ports.map(readForward), ...wanted].map(storedForward));
    const next = { ...spec, ports: [...spec.ports, ...wanted.map(storedForward)] };
    if (readStatus(definition.files).kind !== 'running') return { spec: next, added: wanted };
    const bound = await chooseHostPorts(wanted, limits.signal);
    await changeLive(definition, (forwards) => [...forwards, ...bound], limits);
    return { spec: next, added: bound };
  });
  return added;
}

/**
 * Takes forwards away; as with `addPorts`, at once.
 * @param wanted host ports such as `9090` or `9090/udp`, or whole forwards as they were given; undefined for all.
 * @throws InvalidInputError for one that is not there.
 */
export async function removePorts(
  locations: Locations,
  name: string,
  wanted: readonly string[] | undefined,
  limits: Limits = {},
): Promise<readonly PortForward[]> {
  const { removed } = await editMachine(locations, name, 'changing its ports', async (definition) => {
    const { spec, files } = definition;
    const running = readStatus(files).kind === 'running';
    const bound = running ? (readPlan(files).network?.forwards ?? []) : [];
    const gone = wanted === undefined ? spec.ports : wanted.map((text) => findPort(text, spec, bound));
    const next = { ...spec, ports: spec.ports.filter((port) => !gone.includes(port)) };
    const goneForwards = gone.map(readForward);
    if (running && gone.length > 0) {
      await changeLive(
        definition,
        (forwards) => forwards.filter((forward) => !goneForwards.some((other) => isSame(forward, other))),
        limits,
      );
    }
    return { spec: next, removed: goneForwards };
  });
  return removed;
}

function findPort(text: string, spec: MachineSpec, bound: readonly BoundForward[]): StoredForward {
  const [, port, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const wanted = port === undefined ? parsePortForwards([text])[0] : undefined;
  const found = spec.ports.find((candidate) => {
    const forward = readForward(candidate);
    if (wanted) return isSame({ ...forward, hostPort: forward.hostPort }, wanted);
    const hostPort =
      forward.hostPort ?? bound.find((other) => other.ephemeral && isSame(other, forward))?.hostPort;
    return hostPort === Number(port) && forward.protocol === protocol;
  });
  if (found) return found;
  throw new InvalidInputError('port', `${spec.name} has no forward ${text}`, {
    hint: `it has ${spec.ports.map((port) => formatPort(readForward(port))).join(', ') || 'none'}`,
  });
}

/** A forward whose port was chosen is the same as the one that left it open. */
function isSame(one: PortForward & { readonly ephemeral?: boolean }, other: PortForward): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostAddress === other.hostAddress &&
    one.guestPort === other.guestPort &&
    (one.ephemeral === true ? undefined : one.hostPort) === other.hostPort
  );
}

async function changeLive(
  definition: Definition,
  change: (forwards: readonly BoundForward[]) => BoundForward[],
  limits: Limits,
): Promise<void> {
  const plan = readPlan(definition.files);
  const { network } = plan;
  if (!network) {
    throw new InvalidInputError('ports', `${definition.spec.name} runs without a network that has forwards`, {
      hint: `its next start has the network that is set now: vmlet restart ${definition.spec.name}`,
    });
  }
  const forwards = change(network.forwards);
  const next = {
    ...network,
    ...planNetwork(network.backend, forwards, passtOf(network), readHostNetwork()),
    forwards,
  };
  const changed = { ...next, guest: network.guest };
  await (network.backend === 'slirp'
    ? changeSlirp(definition, network.forwards, forwards, limits)
    : restartPasst(definition, network, changed, limits));
  exchangeFile(definition.files.plan, JSON.stringify({ ...plan, network: changed } satisfies NamedPlan));
}

function passtOf({ passtPath }: BoundNetworkPlan) {
  return passtPath === undefined ? undefined : { path: passtPath };
}

async function changeSlirp(
  definition: Definition,
  before: readonly BoundForward[],
  after: readonly BoundForward[],
  limits: Limits,
): Promise<void> {
  const gone = before.filter((forward) => !after.includes(forward));
  const added = after.filter((forward) => !before.includes(forward));
  await withMonitor(
    definition,
    async (qmp) => {
      const done: BoundForward[] = [];
      try {
        for (const forward of added) {
          await addSlirpForward(qmp, forward);
          done.push(forward);
        }
      } catch (error) {
        for (const forward of done) await removeSlirpForward(qmp, forward);
        throw error;
      }
      for (const forward of gone) await removeSlirpForward(qmp, forward);
    },
    limits,
  );
}

/** The keeper starts passt with what is in the file, as soon as QEMU has come back to it. */
async function restartPasst(
  definition: Definition,
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  limits: Limits,
): Promise<void> {
  const { files } = definition;
  try {
    await exchangePasst(definition, after, limits);
  } catch (error) {
    exchangeFile(files.passtArguments, argumentsText(commandOf(before)));
    await exchangePasst(definition, before, {});
    throw error;
  }
}

async function exchangePasst(
  { spec, files }: Definition,
  network: BoundNetworkPlan,
  limits: Limits,
): Promise<void> {
  const old = passtProcess(files);
  const heardBytes = logLength(files);
  exchangeFile(files.passtArguments, argumentsText(commandOf(network)));
  if (old && isAlive(old)) process.kill(old.pid, 'SIGTERM');
  const deadline = performance.now() + RESTART_MS;
  while (old && isSameProcess(passtProcess(files), old)) {
    if (performance.now() > deadline) throw new TimedOutError(`the end of ${spec.name}'s passt`, RESTART_MS);
    await pause(LOOK_EVERY_MS, limits.signal);
  }
  await awaitForwards(network, files, limits, heardBytes);
}

const RESTART_MS = 10_000;
const LOOK_EVERY_MS = 2;

function passtProcess(files: Definition['files']): ProcessIdentity | undefined {
  const status = readStatus(files);
  return status.kind === 'running' ? status.helpers['passt'] : undefined;
}

function isSameProcess(one: ProcessIdentity | undefined, other: ProcessIdentity): boolean {
  return one?.pid === other.pid && one.startTime === other.startTime;
}

function commandOf(network: BoundNetworkPlan): string[] {
  if (network.passtPath === undefined) throw new NetworkStartError('there is no passt to start anew', []);
  return [network.passtPath, ...passtArguments(network)];
}

function refuseWithoutForwards({ name, net }: MachineSpec): void {
  if (net !== 'none' && net !== 'bridge') return;
  throw new InvalidInputError('ports', `${name} has net ${net}, which has no forwards`, {
    hint: net === 'bridge' ? 'on a bridge it is reached at its own address' : `vmlet set ${name} --net auto`,
  });
}
