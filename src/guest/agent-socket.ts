import { once } from 'node:events';
import { Socket } from 'node:net';
import { type AttachOptions, GuestAgent } from './agent/agent.ts';

/**
 * Connects to the socket on which a machine's keeper serves vmlet's agent, and waits until the agent answers.
 * @throws a system error when nothing listens there, and what `GuestAgent.attach` throws.
 */
export async function attachAgentAt(path: string, options: AttachOptions): Promise<GuestAgent> {
  const connection = new Socket();
  try {
    connection.connect(path);
    await once(connection, 'connect', { signal: options.signal });
    return await GuestAgent.attach(connection, options);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
