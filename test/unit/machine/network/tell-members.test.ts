import { mkdirSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { playClock } from '../../../../fixtures/agent/played-agent.ts';
import { tellMissed } from '../../../../src/machine/network/tell-members.ts';
import { machineSockets } from '../../../../src/machine/paths/directory.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

let scope: Scope, directory: string;
let isPaused: boolean;
/** The times in milliseconds that the guest was given. */
let times: number[];

beforeEach(async () => {
  scope = new Scope();
  isPaused = false;
  times = [];
  const { path, remove } = makeTemporaryDirectory();
  scope.defer(remove);
  directory = path;
  mkdirSync(join(path, 'machines/web'), { recursive: true });
  writeFileSync(join(path, 'machines/web/spec.json'), JSON.stringify({ networks: [] }));
  writeFileSync(join(path, 'machines/web/plan.json'), JSON.stringify({ directory: { sockets: path } }));
  const { monitorSocket, agentSocket } = machineSockets(path);
  await listen(createServer(playMonitor), monitorSocket);
  await listen(
    createServer((client) => playClock(client, times)),
    agentSocket,
  );
});
afterEach(async () => scope.close());

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve) => server.listen(path, resolve));
  scope.defer(() => void server.close());
}

function playMonitor(client: Socket): void {
  client.on('error', () => undefined);
  const answers: Record<string, unknown> = {
    'query-status': { running: !isPaused, status: isPaused ? 'paused' : 'running' },
    'query-chardev': [{ label: 'agent', filename: 'unix', 'frontend-open': true }],
  };
  const send = (message: unknown): void => void client.write(`${JSON.stringify(message)}\r\n`);
  send({ QMP: { version: { qemu: { micro: 0, minor: 0, major: 10 }, package: '' }, capabilities: [] } });
  client.on('data', (chunk) => {
    // Commands arrive whole, several at once, without line ends.
    for (const text of chunk.toString().split(/(?<=\})(?=\{)/)) {
      const { execute, id } = JSON.parse(text) as { execute: string; id: unknown };
      send({ return: answers[execute] ?? {}, id });
    }
  });
}

const tell = async (): Promise<void> =>
  tellMissed(
    { machines: join(directory, 'machines'), networks: join(directory, 'networks') },
    'web',
    undefined,
  );

describe('a machine that was paused, or whose memory is of an earlier time', () => {
  test('gets the time of the host, also without networks', async () => {
    const before = Date.now();
    await tell();
    expect(times).toHaveLength(1);
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times[0]).toBeLessThanOrEqual(Date.now());
  });

  test('is not waited for while it is paused', async () => {
    isPaused = true;
    await tell();
    expect(times).toEqual([]);
  });
});
