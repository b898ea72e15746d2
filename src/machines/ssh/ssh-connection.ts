import { createConnection } from 'node:net';
import type { Writable } from 'node:stream';
import {
  ConnectError,
  GuestRequestError,
  INSTALL_AGENT,
  MachineStateError,
  TimedOutError,
  isSystemError,
} from '../../errors/index.ts';
import { type Endpoint, probeSsh } from '../../network/probe/forward-probe.ts';
import { pause } from '../../util/time/pause.ts';
import { openGuestChannel } from '../channel/guest-channel.ts';
import { endpointOf } from '../guest/wait-conditions.ts';
import type { Definition } from '../record/definition.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { SSH_PORT, leadsToSsh } from '../spec/forwards.ts';

/** A connection to a guest's ssh server. */
export interface SshConnection extends AsyncDisposable {
  readonly input: Writable;
  /** Fails when the connection is lost. */
  readonly output: AsyncIterable<Buffer>;
  /** Closes both directions. */
  readonly close: () => void;
}

/** A running agent answers at once; where there is none, the forward follows. */
const AGENT_MS = 3000;
const BANNER_MS = 2000;
/** Between attempts: a guest without our agent says so at once. */
const AGAIN_MS = 500;

/**
 * Connects to the guest's ssh server by vmlet's agent, which it waits for. A forward or a bridge is the second way, for a
 * guest whose agent is missing or does not answer, or finds no server on the guest's loopback.
 * @throws GuestRequestError, MachineStateError, TimedOutError; or the signal's reason.
 */
export async function connectToSsh(
  definition: Definition,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<SshConnection> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = Math.max(Math.ceil(deadline - performance.now()), 1);
    const hasForward = leadsToSsh(readPlan(definition.files));
    try {
      return await connectByAgent(definition, hasForward ? Math.min(AGENT_MS, leftMs) : leftMs, signal);
    } catch (error) {
      const isUnanswered = error instanceof TimedOutError || error instanceof NoVmletAgent;
      if (!hasForward || !(isUnanswered || error instanceof GuestRequestError)) throw error;
      const connected = await connectByForward(definition, signal);
      if (connected) return connected;
      if (!isUnanswered || performance.now() >= deadline) throw error;
      await pause(AGAIN_MS, signal);
    }
  }
}

/** QEMU's agent answers, and cannot connect. */
class NoVmletAgent extends MachineStateError {}

async function connectByAgent(
  definition: Definition,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<SshConnection> {
  const channel = await openGuestChannel(definition, timeoutMs, signal);
  try {
    if (channel.kind !== 'vmlet') {
      const { name } = definition.spec;
      throw new NoVmletAgent(
        name,
        'running',
        "does not have vmlet's agent, and its ssh server cannot be reached",
        {
          hint: `${INSTALL_AGENT}, or forward a port to its ssh server: vmlet port add ${name} 22; to log in on the serial console: vmlet console ${name}`,
        },
      );
    }
    const { input, output, close } = await channel.agent.connect(SSH_PORT, { timeoutMs, signal });
    const dispose = async (): Promise<void> => {
      close();
      await channel[Symbol.asyncDispose]();
    };
    return { input, output, close, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await channel[Symbol.asyncDispose]();
    throw error;
  }
}

/** Returns undefined when no ssh server answers there. */
async function connectByForward(
  definition: Definition,
  signal: AbortSignal | undefined,
): Promise<SshConnection | undefined> {
  const endpoint = await endpointOf(definition, SSH_PORT, signal);
  if ('problem' in endpoint) return undefined;
  // passt and slirp accept connections for a guest that has no server.
  const found = await probeSsh(endpoint, { patienceMs: BANNER_MS, signal });
  return 'banner' in found ? connectTo(endpoint) : undefined;
}

function connectTo({ address, port }: Endpoint): SshConnection {
  const socket = createConnection({ host: address, port });
  // The iterator throws it, once the output is read.
  socket.on('error', () => undefined);
  let closed = false;
  const output = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* socket as AsyncIterable<Buffer>;
    } catch (error) {
      if (closed) return;
      if (!isSystemError(error)) throw error;
      throw new ConnectError(`${address} port ${port}`, error.message, { cause: error });
    }
  };
  const close = (): void => {
    closed = true;
    socket.destroy();
  };
  return {
    input: socket,
    output: output(),
    close,
    [Symbol.asyncDispose]: async () => Promise.resolve(close()),
  };
}
