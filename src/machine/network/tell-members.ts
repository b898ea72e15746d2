import { VmletError, isSystemError } from '../../errors/index.ts';
import { attachAgentAt } from '../../guest/agent-socket.ts';
import {
  type Places,
  membersOf,
  networksOfMachine,
  socketsOfMachine,
} from '../../network/private/members.ts';
import { QmpClient } from '../../qmp/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { machineSockets } from '../paths/directory.ts';
import { queryGuestPorts } from '../qemu/guest-ports.ts';
import { replaceBootNames } from './boot-names.ts';
import { tellNames } from './network-names.ts';

/** Time in all for one machine: its QEMU or its guest may hang. */
const PATIENCE_MS = 5000;

/**
 * Gives the named machines of networks that are running the names of all members, after a member has come, gone or got
 * another name. A guest that does not answer within 5 s learns them when it is reached next, one whose agent is not up
 * yet when it is; this never fails for them.
 */
export async function tellNetworks(
  places: Places,
  networks: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = networks.flatMap((network) => membersOf(places, network).map(({ name }) => name));
  await tellMachines(places, names, signal);
}

/** Gives these named machines the names of all members of their networks, as `tellNetworks` does. */
export async function tellMachines(
  places: Places,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await Promise.all(
    [...new Set(names)].map(async (name) => tellMachine(places, name, { clock: false, names: true }, signal)),
  );
}

/**
 * Gives the guest of one machine that was paused, or got its memory of an earlier time, what it has missed since: the
 * host's time, and changes of names. Like the others, it does not fail for a guest that does not answer within 5 s.
 */
export async function tellMissed(
  places: Places,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await tellMachine(places, name, { clock: true, names: mayHaveNames(places, name) }, signal);
}

/** Returns true also when the networks cannot be read: telling the names then fails, for this guest alone. */
function mayHaveNames(places: Places, name: string): boolean {
  try {
    return networksOfMachine(places, name).length > 0;
  } catch (error) {
    if (isSystemError(error)) return true;
    throw error;
  }
}

async function tellMachine(
  places: Places,
  name: string,
  what: { readonly clock: boolean; readonly names: boolean },
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    const sockets = socketsOfMachine(places, name);
    if (sockets === undefined) return;
    // First: an agent that is not up yet gets these from the keeper.
    if (what.names) writeBootNames(places, name);
    const { monitorSocket, agentSocket } = machineSockets(sockets);
    if (!(await canListen(monitorSocket, either))) return;
    await using agent = await attachAgentAt(agentSocket, { signal: either });
    if (what.names) {
      const told = tellNames(agent, places, networksOfMachine(places, name));
      await withinLimits('waiting for the guest to update its hosts file', told, { signal: either });
    }
    // Last: an agent without the right to set it must still get the names.
    if (what.clock) await agent.setClock(Date.now(), { signal: either });
  } catch (error) {
    // It has ended, is paused or hangs, or another program uses its monitor. After an abort too: the change is made.
    if (!either.aborted && !(error instanceof VmletError || isSystemError(error))) throw error;
  }
}

/** A full disk of the host must not keep a running guest from getting the names. */
function writeBootNames(places: Places, name: string): void {
  try {
    replaceBootNames(places, name);
  } catch (error) {
    if (!(error instanceof VmletError || isSystemError(error))) throw error;
  }
}

/** Returns whether the guest is running and has vmlet's agent. @throws QmpConnectError for a machine that has ended. */
async function canListen(monitorSocket: string, signal: AbortSignal): Promise<boolean> {
  await using qmp = await QmpClient.connect(monitorSocket, { signal });
  const asked = Promise.all([qmp.execute('query-status'), queryGuestPorts(qmp)]);
  const [{ running }, { vmlet }] = await withinLimits('waiting for an answer from QEMU', asked, { signal });
  return running && vmlet.open;
}
