import { once } from 'node:events';
import { Socket } from 'node:net';
import { GuestAgent } from '../../../src/guest/agent/agent.ts';

const ANSWER_MS = 60_000;

/**
 * Reads a file of a guest over the socket of its agent. Every command of vmlet that reaches the guest would bring its
 * hosts file up to date first.
 */
export async function readAt(agentSocket: string, path: string): Promise<string> {
  const connection = new Socket();
  connection.connect(agentSocket);
  await once(connection, 'connect');
  try {
    await using agent = await GuestAgent.attach(connection, { timeoutMs: ANSWER_MS });
    return (await agent.readFile(path)).toString();
  } finally {
    connection.destroy();
  }
}
