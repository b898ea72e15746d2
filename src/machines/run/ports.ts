import { InvalidInputError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import { pairForwards } from '../../network/ports/pair-forwards.ts';
import {
  type BoundForward,
  type PortForward,
  type PortInput,
  formatPort,
  parsePortForwards,
} from '../../network/ports/port.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { editMachine } from '../lock/edit.ts';
import { readEarlierForwards } from '../plan/machine-network.ts';
import { isSshForward, readForward, storedForward } from '../spec/forwards.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import type { MachineSpec, StoredForward } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { forgetForwards, replaceForwards } from './live-forwards.ts';

/**
 * Publishes more ports of a machine, immediately if it is running. slirp keeps all connections. passt is restarted, which
 * ends connections through the other forwards; the guest notices nothing else.
 * @returns the new forwards; for a running machine with the chosen host ports.
 * @throws InvalidInputError, PortTakenError, MachineBusyError; nothing has changed then.
 */
export async function addPorts(
  locations: Locations,
  name: string,
  ports: readonly PortInput[],
  limits: Limits = {},
): Promise<readonly (PortForward | BoundForward)[]> {
  const wanted = parsePortForwards(ports);
  const { added } = await editMachine(locations, name, 'changing ports', async (definition) => {
    const { spec } = definition;
    refuseWithoutForwards(spec);
    // Checked together, to notice two forwards of the same host port.
    parsePortForwards([...spec.ports.map(readForward), ...wanted].map(storedForward));
    const next = { ...spec, ports: [...spec.ports, ...wanted.map(storedForward)] };
    if (readStatus(definition.files).kind !== 'running') return { spec: next, added: wanted };
    const { known, unknown } = sortForwards(spec, forwardsOfRun(definition));
    // Their host ports may be requested now.
    if (unknown.length > 0) await replaceForwards(definition, known, limits);
    const bound = await chooseHostPorts(wanted, limits.signal);
    await replaceForwards(definition, [...known, ...bound], limits);
    return { spec: next, added: bound };
  });
  return added;
}

/**
 * Removes forwards, with the same effect on connections as `addPorts`.
 * @param wanted host ports such as `9090` or `9090/udp`, or whole forwards as given; undefined for all.
 * @throws InvalidInputError for an unknown forward.
 */
export async function removePorts(
  locations: Locations,
  name: string,
  wanted: readonly string[] | undefined,
  limits: Limits = {},
): Promise<readonly PortForward[]> {
  const { removed } = await editMachine(locations, name, 'changing ports', async (definition) => {
    const { spec, files } = definition;
    const running = readStatus(files).kind === 'running';
    const { pairs, known, unknown } = sortForwards(
      spec,
      running ? forwardsOfRun(definition) : readEarlierForwards(files),
    );
    const left = [...pairs];
    if (running) left.push(...unknown.map((bound) => ({ stored: undefined, bound })));
    const gone =
      wanted === undefined ? left.splice(0) : wanted.map((text) => takePair(text, left, spec.name));
    const goneBound = gone.map(({ bound }) => bound);
    if (running && gone.length > 0) {
      await replaceForwards(
        definition,
        known.filter((forward) => !goneBound.includes(forward)),
        limits,
      );
    }
    if (!running) forgetForwards(files, goneBound);
    const next = { ...spec, ports: left.flatMap(({ stored }) => stored ?? []) };
    return { spec: next, removed: gone.flatMap(({ stored }) => (stored ? [readForward(stored)] : [])) };
  });
  return removed;
}

/** A forward of the definition, and its forward of the run. */
type Pair =
  | { readonly stored: StoredForward; readonly bound: BoundForward | undefined }
  | { readonly stored: undefined; readonly bound: BoundForward };

interface SortedForwards {
  readonly pairs: readonly Pair[];
  /** Forwards of the run that the definition has, and the one for ssh. */
  readonly known: readonly BoundForward[];
  /** Forwards left by a change that was interrupted before it was in the definition. */
  readonly unknown: readonly BoundForward[];
}

function sortForwards({ ports }: MachineSpec, forwards: readonly BoundForward[]): SortedForwards {
  const bound = pairForwards(ports.map(readForward), forwards);
  const others = forwards.filter((forward) => !bound.includes(forward));
  const ssh = others.find(isSshForward);
  const unknown = others.filter((forward) => forward !== ssh);
  return {
    pairs: ports.map((stored, index) => ({ stored, bound: bound[index] })),
    known: forwards.filter((forward) => !unknown.includes(forward)),
    unknown,
  };
}

function forwardsOfRun({ files }: Definition): readonly BoundForward[] {
  return readPlan(files).network?.forwards ?? [];
}

/** Removes the forward named by `text` from `left` and returns it. */
function takePair(text: string, left: Pair[], name: string): Pair {
  const [, port, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const wanted = port === undefined ? parsePortForwards([text])[0] : undefined;
  const index = left.findIndex(({ stored, bound }) => {
    if (wanted) return formatPort(wanted) === formatPort(stored ? readForward(stored) : bound);
    const hostPort = bound?.hostPort ?? stored?.hostPort;
    return hostPort === Number(port) && (stored ?? bound).protocol === protocol;
  });
  const [found] = index < 0 ? [] : left.splice(index, 1);
  if (found) return found;
  const all = left.map(({ stored, bound }) => formatPort(stored ? (bound ?? readForward(stored)) : bound));
  throw new InvalidInputError('port', `no such forward of ${name}: ${text}`, {
    hint:
      all.length === 0 ? `add one first: vmlet port add ${name} PORT` : `choose one of: ${all.join(', ')}`,
  });
}

function refuseWithoutForwards({ name, net }: MachineSpec): void {
  if (net !== 'none' && net !== 'bridge') return;
  throw new InvalidInputError('ports', `${name} uses --net ${net}, which does not support forwards`, {
    hint:
      net === 'bridge' ? "use the guest's own address on the bridge" : `run: vmlet set ${name} --net auto`,
  });
}
