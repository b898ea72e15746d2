import { GuestClosedError, MachineStateError, QmpClosedError, TimedOutError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { type LoggedEvent, readEvents } from '../../machine/life/event-log.ts';
import { describeOutOfSpace } from '../../machine/life/out-of-space.ts';
import type { TrustedChannel } from '../../guest/ssh/ssh-provision.ts';
import { GuestAgentClient, guestExec } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { attachAgent } from './agent.ts';
import type { Definition } from '../record/definition.ts';
import { CHARDEVS, type GuestPorts, readGuestPorts } from './guest-ports.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';
import { pause } from '../../util/time/pause.ts';

/** vmlet's own agent: streams, terminals, files. */
export interface VmletChannel extends TrustedChannel, AsyncDisposable {
  readonly kind: 'vmlet';
  readonly agent: GuestAgent;
}

/** QEMU's guest agent: programs to their end, with what they printed. */
export interface QgaChannel extends TrustedChannel, AsyncDisposable {
  readonly kind: 'qga';
  readonly client: GuestAgentClient;
}

/** A way into a guest that its network has no part in. */
export type GuestChannel = VmletChannel | QgaChannel;

const LOOK_EVERY_MS = 200;
/** Where QEMU's agent is up first, ours may come within this time. */
const PREFERENCE_MS = 1000;

/**
 * Connects to an agent in the guest, to ours where it has both, and waits until one has come up and answers.
 * @throws MachineStateError when the machine does not run, or ends; TimedOutError that says what is missing; or the
 *   signal's reason.
 */
export async function openGuestChannel(
  definition: Definition,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<GuestChannel> {
  const deadline = performance.now() + timeoutMs;
  let qgaSince: number | undefined;
  for (;;) {
    const ports = await readGuestPorts(definition, { signal });
    const now = performance.now();
    if (ports.qga.open) qgaSince ??= now;
    const useQga = !ports.vmlet.open && qgaSince !== undefined && now - qgaSince >= PREFERENCE_MS;
    if (ports.vmlet.open || useQga) {
      return await connect(definition, ports, { timeoutMs: Math.max(Math.ceil(deadline - now), 1), signal });
    }
    if (now >= deadline) throw noAgent(definition, timeoutMs);
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** The same where an agent is up just now; undefined where there is none. It waits only for its answer. */
export async function findGuestChannel(
  definition: Definition,
  limits: Limits & { readonly timeoutMs: number },
): Promise<GuestChannel | undefined> {
  const ports = await readGuestPorts(definition, limits);
  return ports.vmlet.open || ports.qga.open ? connect(definition, ports, limits) : undefined;
}

async function connect(definition: Definition, ports: GuestPorts, limits: Limits): Promise<GuestChannel> {
  refuseOutOfSpace(definition);
  try {
    return ports.vmlet.open ? await connectVmlet(definition, limits) : await connectQga(definition, limits);
  } catch (error) {
    const { name } = definition.spec;
    const status = readStatus(definition.files);
    if (status.kind !== 'running') throw notRunning(name, status.kind);
    if (error instanceof TimedOutError) throw await explainTimeOut(error, definition, limits);
    if (error instanceof GuestClosedError || error instanceof QmpClosedError) {
      throw new MachineStateError(name, status.state, 'runs, but its agent broke off the connection', {
        cause: error,
      });
    }
    throw error;
  }
}

/** Its guest would answer only when somebody has made room and let it go on. */
function refuseOutOfSpace({ spec: { name }, files }: Definition): void {
  const status = readStatus(files);
  if (status.kind !== 'running' || !status.outOfSpace) return;
  throw new MachineStateError(name, status.state, `stands still: ${describeOutOfSpace(status.outOfSpace)}`, {
    hint: `make room, and then: vmlet resume ${name}`,
  });
}

async function connectVmlet(definition: Definition, limits: Limits): Promise<VmletChannel> {
  const agent = await attachAgent(definition, {
    ...limits,
    explainLoss: async (loss) => explainLoss(loss, definition),
  });
  return {
    kind: 'vmlet',
    agent,
    exec: (argv, options) => agent.exec(argv, options),
    [Symbol.asyncDispose]: async () => agent.close(),
  };
}

/** The keeper closes the connection when the machine has ended, and when the agent has closed its port. */
async function explainLoss(loss: GuestClosedError, { spec, files }: Definition): Promise<Error> {
  let last: LoggedEvent | undefined;
  for await (const event of readEvents(files.events)) {
    const ofPort = event.event === 'VSERPORT_CHANGE' && event.data?.['id'] === CHARDEVS.vmlet;
    if (ofPort || event.event === 'SHUTDOWN') last = event;
  }
  if (last?.data?.['open'] !== false) return loss;
  return new GuestClosedError(`vmlet's agent in ${spec.name} has ended, or its guest boots again`, {
    cause: loss,
  });
}

async function connectQga({ files }: Definition, limits: Limits): Promise<QgaChannel> {
  const client = await GuestAgentClient.connect(files.guestAgentSocket, limits);
  return {
    kind: 'qga',
    client,
    exec: async (argv, options) => guestExec(client, argv, options),
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

async function explainTimeOut(
  error: TimedOutError,
  definition: Definition,
  { timeoutMs = error.timeoutMs, signal }: Limits,
): Promise<Error> {
  const { name } = definition.spec;
  const ports = await readGuestPorts(definition, { signal });
  return new TimedOutError(`waiting for the agent of ${name}`, timeoutMs, {
    hint:
      !ports.vmlet.open && ports.qga.taken
        ? 'another program is connected to it, such as vmlet exec or vmlet cp: it serves one at a time'
        : 'it has opened its port and does not answer: the guest may hang, or be paused',
    cause: error,
  });
}

function noAgent({ spec }: Definition, timeoutMs: number): TimedOutError {
  return new TimedOutError(`waiting for an agent in ${spec.name}`, timeoutMs, {
    hint:
      'the guest has not booted yet, or has none: install qemu-guest-agent in it, or run vmlet-agent there; ' +
      `${spec.name} is reached without one by vmlet ssh and vmlet console`,
  });
}
