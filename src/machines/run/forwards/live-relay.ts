import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { getSystemErrorName } from 'node:util';
import {
  GuestRequestError,
  InvalidInputError,
  MachineStateError,
  TimedOutError,
  isSystemError,
} from '../../../errors/index.ts';
import { freeSocketPath } from '../../../network/ports/free-socket-path.ts';
import { takenPort } from '../../../network/ports/host-port.ts';
import { formatEndpoint } from '../../../network/ports/endpoint.ts';
import { deniedSocket, deniedPort, existingSocket } from '../../../network/ports/listen-failure.ts';
import { MAX_RELAYED, type RelayedForwards, relayTable } from '../../../network/relay/relay-argv.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import { type Limits, withinLimits } from '../../../util/time/deadline.ts';
import { findVmletChannel } from '../../channel/guest-channel.ts';
import { isPassingFailure } from '../../channel/passing-failure.ts';
import type { Definition } from '../../record/definition.ts';
import { readPlan, replacePlan } from '../../record/machine-plan-file.ts';
import { forwardsAreFixed } from '../../record/machine-status.ts';

const KEEPER_MS = 10_000;
const AGENT_MS = 3000;
/** tcpmux, on which nothing listens: only whether the agent knows the request matters. */
const ANY_PORT = 1;

/**
 * Replaces the forwards over the agent of a running machine. Those that stay are not touched, nor are their connections.
 * @throws InvalidInputError, PortTakenError, PermissionError, MachineStateError; the earlier forwards are in force then.
 */
export async function replaceRelayed(
  definition: Definition,
  wanted: RelayedForwards,
  { signal }: Limits,
): Promise<void> {
  const { spec, files } = definition;
  const plan = readPlan(files);
  const { relay } = plan;
  if (!relay) {
    throw forwardsAreFixed(spec.name);
  }
  if (wanted.sockets.length + wanted.ports.length > MAX_RELAYED) {
    throw new InvalidInputError(
      'ports',
      `machine "${spec.name}" can have at most ${MAX_RELAYED} forwards through vmlet's agent (unix sockets, and TCP ports that were added since its start)`,
      {
        hint: `remove a forward first: vmlet port rm ${spec.name} PORT; or restart the machine, so that its TCP ports no longer count: vmlet restart ${spec.name}`,
      },
    );
  }
  const known = new Set(relay.sockets.map(({ path }) => path));
  for (const { path } of wanted.sockets) if (!known.has(path)) await freeSocketPath(path, signal);
  // First the plan: it always includes every listening socket, so that an interrupted change can be undone.
  replacePlan(files, { ...plan, relay: { ...relay, ...union(relay, wanted) } });
  try {
    await tellKeeper(definition, wanted);
  } catch (error) {
    await tellKeeper(definition, relay);
    replacePlan(files, plan);
    throw error;
  }
  replacePlan(files, { ...plan, relay: { ...relay, ...wanted } });
}

function union(one: RelayedForwards, other: RelayedForwards): RelayedForwards {
  const both = <T>(some: readonly T[], more: readonly T[]): T[] => {
    const texts = new Set(some.map((each) => JSON.stringify(each)));
    return [...some, ...more.filter((each) => !texts.has(JSON.stringify(each)))];
  };
  return { sockets: both(one.sockets, other.sockets), ports: both(one.ports, other.ports) };
}

/** True when the guest has an agent that connects to its ports, and answers now. */
export async function hasRelay(definition: Definition, { signal }: Limits): Promise<boolean> {
  if (!readPlan(definition.files).relay) return false;
  try {
    await using channel = await findVmletChannel(definition, { timeoutMs: AGENT_MS, signal });
    if (!channel) return false;
    const { close } = await channel.agent.connect(ANY_PORT, { timeoutMs: AGENT_MS, signal });
    close();
    return true;
  } catch (error) {
    if (error instanceof GuestRequestError) return error.errno === 'ECONNREFUSED';
    // A guest that boots, reboots, or hangs.
    if (isPassingFailure(error)) return false;
    throw error;
  }
}

async function tellKeeper({ spec, files }: Definition, forwards: RelayedForwards): Promise<void> {
  exchangeFile(files.relayTable, relayTable(forwards));
  const connection = createConnection(files.relaySocket);
  const waiting = `waiting for vmlet-keeper to change the forwards of machine "${spec.name}"`;
  let answer: string;
  try {
    answer = await withinLimits(waiting, text(connection), { timeoutMs: KEEPER_MS });
  } catch (error) {
    if (error instanceof TimedOutError) {
      throw new TimedOutError(waiting, KEEPER_MS, {
        hint: `try again; if this does not help, restart the machine: vmlet restart ${spec.name}`,
        cause: error,
      });
    }
    if (!isSystemError(error, 'ENOENT', 'ECONNREFUSED')) throw error;
    throw new MachineStateError(spec.name, 'running', 'has ended, or is shutting down', {
      hint: `wait until it has stopped, then try again: vmlet wait ${spec.name} --for stopped`,
      cause: error,
    });
  } finally {
    connection.destroy();
  }
  const [, index, errno] = /^failed (\d+) (\d+)$/m.exec(answer) ?? [];
  if (answer !== 'ok\n') throw explain(forwards, Number(index), Number(errno));
}

function explain({ sockets, ports }: RelayedForwards, index: number, errno: number): Error {
  const code = errno > 0 ? getSystemErrorName(-errno) : 'no answer';
  const path = sockets[index]?.path;
  const port = ports[index - sockets.length];
  if (port && code === 'EADDRINUSE') {
    return takenPort(port.hostAddress, port.hostPort, port.protocol, port.ephemeral);
  }
  const what = path ?? (port && formatEndpoint(port.hostAddress, port.hostPort, port.protocol));
  if (what === undefined) {
    return new InvalidInputError(
      'ports',
      `vmlet-keeper, the process that runs the machine, could not change the forwards (${code})`,
      { hint: 'restart the machine, then try again' },
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return port ? deniedPort(what, port.hostPort) : deniedSocket(what);
  }
  if (code === 'EADDRINUSE') return existingSocket(what);
  return new InvalidInputError('ports', `cannot listen on ${what} (${code})`);
}
