import { normalize } from 'node:path';
import { InvalidInputError } from '../../../errors/index.ts';
import type { Locations } from '../../../machine/paths/locations.ts';
import { chooseHostPorts } from '../../../network/ports/host-port.ts';
import {
  type BoundForward,
  type PortForward,
  type PortInput,
  formatPort,
  parsePortForwards,
} from '../../../network/ports/port.ts';
import {
  type Published,
  type SocketForward,
  formatSocketForward,
  isSocketText,
  parsePublished,
  refuseTooManySockets,
} from '../../../network/ports/socket-forward.ts';
import { MAX_RELAYED } from '../../../network/relay/relay-argv.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import type { Definition } from '../../record/definition.ts';
import { editMachine } from '../../lock/edit.ts';
import { readEarlierForwards } from '../../plan/machine-network.ts';
import { plannedPorts, readForward, sshEndpoint, storedForward } from '../../spec/forwards.ts';
import type { MachineSpec } from '../../spec/machine-spec.ts';
import { readStatus } from '../../record/machine-status.ts';
import { isEnteredByAgent } from '../../record/ssh-record.ts';
import { updateSshEndpoint } from '../../ssh/ssh-files.ts';
import { forgetForwards } from './live-forwards.ts';
import type { PasstOptions } from './live-passt.ts';
import { hasRelay } from './live-relay.ts';
import {
  type RunForwards,
  changeForwards,
  filterForwards,
  forwardsOfRun,
  hasSocket,
  portsOf,
} from './run-forwards.ts';
import { type Pair, matchForwards } from './matched-forwards.ts';

const MOST_PORTS = 65_535;
/** More of them are a long line. */
const MOST_CHOICES = 10;

/** Forwards that were added. */
export interface AddedForwards {
  readonly ports: readonly (PortForward | BoundForward)[];
  readonly sockets: readonly SocketForward[];
}

/** Limits and news of a change of published ports. */
export interface PortChangeOptions extends Limits {
  /** Called before passt is restarted, which ends the guest's connections through it. */
  readonly onPasstRestart?: (() => void) | undefined;
}

/**
 * Publishes more ports of a machine, immediately if it is running. All connections are kept with slirp and with a passt
 * that has pesto; and with TCP ports and unix sockets where vmlet's agent answers: new ones then go over the agent until
 * the next start. Otherwise, as for a UDP port, passt is restarted, which ends the guest's connections; it notices nothing
 * else. passt then gets all the new ports, since the restart has ended the connections that the agent would keep.
 * @returns the new forwards; for a running machine with the chosen host ports.
 * @throws InvalidInputError, PortTakenError, MachineBusyError; nothing has changed then.
 */
export async function addPorts(
  locations: Locations,
  name: string,
  ports: readonly PortInput[],
  options: PortChangeOptions = {},
): Promise<AddedForwards> {
  const { ports: wanted, sockets } = parsePublished(ports);
  const { added } = await editMachine(locations, name, 'changing ports', async (definition) => {
    const { spec } = definition;
    if (wanted.length > 0) refuseWithoutForwards(spec);
    refuseKnownSockets(spec, sockets);
    refuseTooManySockets([...(spec.sockets ?? []), ...sockets]);
    // Checked together, to notice two forwards of the same host port.
    parsePortForwards([...spec.ports.map(readForward), ...wanted].map(storedForward));
    const next = {
      ...spec,
      ports: [...spec.ports, ...wanted.map(storedForward)],
      ...(sockets.length > 0 && { sockets: [...(spec.sockets ?? []), ...sockets] }),
    };
    if (readStatus(definition.files).kind !== 'running') {
      return { spec: next, added: { ports: wanted, sockets } };
    }
    const before = knownForwards(definition);
    // Host ports of an interrupted change may be requested now.
    await changeForwards(definition, forwardsOfRun(definition), before, passtOptions(options));
    const bound = await chooseHostPorts(wanted, options.signal);
    await addToRun(definition, before, { ports: bound, sockets }, options);
    updateSshEndpoint(definition, hasSsh(before));
    return { spec: next, added: { ports: bound, sockets } };
  });
  return added;
}

async function addToRun(
  definition: Definition,
  before: RunForwards,
  { ports, sockets }: { readonly ports: readonly BoundForward[]; readonly sockets: readonly SocketForward[] },
  options: PortChangeOptions,
): Promise<void> {
  const relayed = { ...before.relayed, sockets: [...before.relayed.sockets, ...sockets] };
  const direct: RunForwards = { ...before, network: [...before.network, ...ports], relayed };
  const overAgent: RunForwards = {
    ...before,
    relayed: { ...relayed, ports: [...relayed.ports, ...ports] },
  };
  const fits = relayed.sockets.length + overAgent.relayed.ports.length <= MAX_RELAYED;
  const isTcp = ports.every(({ protocol }) => protocol === 'tcp');
  // The agent keeps all connections.
  const mayRestart = async (): Promise<boolean> => !(fits && isTcp && (await hasRelay(definition, options)));
  if (await changeForwards(definition, before, direct, { ...passtOptions(options), mayRestart })) return;
  await changeForwards(definition, before, overAgent, passtOptions(options));
}

function passtOptions({ onPasstRestart, ...limits }: PortChangeOptions): PasstOptions {
  return { ...limits, onRestart: onPasstRestart };
}

/**
 * Removes forwards. One that goes over the agent is closed alone. For another one, a passt without pesto is restarted, which
 * ends the guest's connections: it cannot stop listening on a port.
 * @param wanted host ports such as `9090`, `9090-9099`, `9090/udp` or `127.0.0.1:9090/tcp`, paths of sockets, or whole
 *   forwards; undefined for all but the one that vmlet itself adds for ssh.
 * @throws InvalidInputError for an unknown forward, and for that one.
 */
export async function removePorts(
  locations: Locations,
  name: string,
  wanted: readonly string[] | undefined,
  options: PortChangeOptions = {},
): Promise<Published> {
  const { removed } = await editMachine(locations, name, 'changing ports', async (definition) => {
    const { spec, files } = definition;
    const running = readStatus(files).kind === 'running';
    const run = running ? forwardsOfRun(definition) : undefined;
    const { pairs, known, ssh, unknown } = matchForwards(
      spec,
      run ? portsOf(run) : readEarlierForwards(files),
      run?.addsSsh ?? true,
    );
    const automatic = automaticPair(definition, run, ssh);
    const left = [...pairs];
    if (running) left.push(...unknown.map((bound) => ({ stored: undefined, bound })));
    const defined = spec.sockets ?? [];
    const sockets = [
      ...defined,
      ...(run?.relayed.sockets.filter((socket) => !hasSocket(defined, socket)) ?? []),
    ];
    const goneSockets =
      wanted?.filter(isSocketText).map((text) => takeSocket(text, sockets, spec.name)) ?? sockets.splice(0);
    const gone =
      wanted === undefined
        ? left.splice(0)
        : wanted
            .filter((text) => !isSocketText(text))
            .flatMap((text) => takePairs(text, left, automatic, spec.name));
    const goneBound = gone.map(({ bound }) => bound);
    // Those of an interrupted change are removed, too.
    const leftSockets = sockets.filter((socket) => hasSocket(defined, socket));
    if (run && gone.length + goneSockets.length > 0) {
      const isKept = (forward: BoundForward): boolean =>
        known.includes(forward) && !goneBound.includes(forward);
      await changeForwards(definition, run, filterForwards(run, isKept, leftSockets), passtOptions(options));
      updateSshEndpoint(definition, hasSsh(run));
    }
    if (!running) forgetForwards(files, goneBound);
    const { sockets: _sockets, ...rest } = spec;
    const next: MachineSpec = {
      ...rest,
      ports: left.flatMap(({ stored }) => stored ?? []),
      ...(leftSockets.length > 0 && { sockets: leftSockets }),
    };
    const ports = gone.flatMap(({ stored }) => (stored ? [readForward(stored)] : []));
    return { spec: next, removed: { ports, sockets: goneSockets } };
  });
  return removed;
}

/** Returns the forward for ssh that the start adds or has added. */
function automaticPair(
  { spec, files }: Definition,
  run: RunForwards | undefined,
  ssh: BoundForward | undefined,
): Pair | undefined {
  if (run) return ssh && { stored: undefined, bound: ssh };
  const planned = plannedPorts(spec, isEnteredByAgent({ spec, files })).find(({ automatic }) => automatic);
  return planned && { stored: storedForward(planned), bound: ssh };
}

function hasSsh(run: RunForwards): boolean {
  return sshEndpoint(portsOf(run)) !== undefined;
}

/** Leaves out those of an interrupted change. */
function knownForwards(definition: Definition): RunForwards {
  const run = forwardsOfRun(definition);
  const { known } = matchForwards(definition.spec, portsOf(run), run.addsSsh);
  return filterForwards(run, (forward) => known.includes(forward), definition.spec.sockets ?? []);
}

function refuseKnownSockets({ name, sockets = [] }: MachineSpec, added: readonly SocketForward[]): void {
  const known = added.find(({ path }) => sockets.some((socket) => socket.path === path));
  if (!known) return;
  throw new InvalidInputError('ports', `machine "${name}" already forwards the socket ${known.path}`, {
    hint: `remove the old forward first: vmlet port rm ${name} ${known.path}`,
  });
}

/** Removes the socket named by `text` from `left` and returns it. */
function takeSocket(text: string, left: SocketForward[], name: string): SocketForward {
  const wanted = normalize(text.replace(/(?<=:\d+)\/tcp$/, ''));
  const index = left.findIndex((socket) => [socket.path, formatSocketForward(socket)].includes(wanted));
  const [found] = index < 0 ? [] : left.splice(index, 1);
  if (found) return found;
  throw new InvalidInputError('port', `machine "${name}" does not forward the socket ${text}`, {
    hint: choicesAmong(left.map(formatSocketForward), name),
  });
}

/** Removes the forwards named by `text`, one or a range, from `left` and returns them. */
function takePairs(text: string, left: Pair[], automatic: Pair | undefined, name: string): Pair[] {
  return matchersOf(text).flatMap((isWanted) => {
    // A host port can be on several addresses; of equal forwards with chosen host ports, the first is meant.
    const found = left.filter(isWanted).slice(0, HOST_PORTS.test(text) ? undefined : 1);
    for (const pair of found) left.splice(left.indexOf(pair), 1);
    if (found.length > 0) return found;
    if (automatic && isWanted(automatic)) {
      throw new InvalidInputError(
        'port',
        `vmlet itself adds this forward to machine "${name}", for ssh; it cannot be removed: ${text}`,
        { hint: `to choose its host port from the next start on, run: vmlet port add ${name} 2222:22` },
      );
    }
    const all = left.map(({ stored, bound }) => formatPort(stored ? (bound ?? readForward(stored)) : bound));
    throw new InvalidInputError('port', `no such forward in machine "${name}": ${text}`, {
      hint: choicesAmong(all, name),
    });
  });
}

const HOST_PORTS = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/;
/** As the host's side is listed. */
const ENDPOINT = /^((?:\d+\.){3}\d+|\[[^\]]*\]):(\d+)(?:\/(tcp|udp))?$/;

/** One for each port: by host ports, by an address and a host port, or by whole forwards as they were given or as they are bound. */
function matchersOf(text: string): ((pair: Pair) => boolean)[] {
  const [, address, portText, ofEndpoint = 'tcp'] = ENDPOINT.exec(text) ?? [];
  if (address !== undefined) {
    // Any port of the guest: the parser checks the address, and shortens it.
    const wanted = parsedEndpoint(`${address}:${portText}:1/${ofEndpoint}`);
    return [
      ({ stored, bound }) => {
        const { hostAddress, protocol } = stored ?? bound;
        const hostPort = bound?.hostPort ?? stored?.hostPort;
        return (
          hostAddress === wanted?.hostAddress && hostPort === wanted.hostPort && protocol === wanted.protocol
        );
      },
    ];
  }
  const [, first, last = first, protocol = 'tcp'] = HOST_PORTS.exec(text) ?? [];
  if (first === undefined) {
    return parsePortForwards([text]).map((wanted) => ({ stored, bound }) => {
      const forms = [...(stored ? [readForward(stored)] : []), ...(bound ? [bound] : [])];
      return forms.some((form) => formatPort(form) === formatPort(wanted));
    });
  }
  if (Number(last) < Number(first)) {
    throw new InvalidInputError('port', `${text} is reversed`, {
      hint: `write the lower port first: ${text.replace(`${first}-${last}`, `${last}-${first}`)}`,
    });
  }
  // A longer range has a port that is not forwarded.
  const count = Math.min(Number(last) - Number(first), MOST_PORTS) + 1;
  return Array.from({ length: count }, (_, index) => ({ stored, bound }) => {
    const hostPort = bound?.hostPort ?? stored?.hostPort;
    return hostPort === Number(first) + index && (stored ?? bound).protocol === protocol;
  });
}

/** Returns undefined for an endpoint that no forward can have. */
function parsedEndpoint(text: string): PortForward | undefined {
  try {
    return parsePortForwards([text])[0];
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

function choicesAmong(forwards: readonly string[], name: string): string {
  return forwards.length === 0 || forwards.length > MOST_CHOICES
    ? `to list the forwards, run: vmlet port ls ${name}`
    : `choose one of: ${forwards.join(', ')}`;
}

function refuseWithoutForwards({ name, net }: MachineSpec): void {
  if (net !== 'none' && net !== 'bridge') return;
  throw new InvalidInputError(
    'ports',
    `machine "${name}" has --net ${net}, which does not support port forwards`,
    {
      hint:
        net === 'bridge'
          ? "use the guest's own address on the bridge; or add --net auto, whose card has forwards, before the --net of its bridges, by vmlet set"
          : `run: vmlet set ${name} --net auto`,
    },
  );
}
