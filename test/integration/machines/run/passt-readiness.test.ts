import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PortTakenError } from '../../../../src/errors/index.ts';
import { awaitFirstForwards } from '../../../../src/machines/run/forwards/passt-readiness.ts';
import type { BoundNetworkPlan } from '../../../../src/network/plan/network.ts';

async function listenOn(port: number): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  onTestFinished(() => void socket.close());
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

test('a UDP port on which two machines listen is taken', async () => {
  const { port } = (await listenOn(0)).address();
  const forward = {
    protocol: 'udp',
    hostAddress: '127.0.0.1',
    hostPort: port,
    guestPort: 53,
    ephemeral: false,
  };
  const plan = { passtPath: 'passt', forwards: [forward] } as unknown as BoundNetworkPlan;
  const files = { passtLog: join(import.meta.dirname, 'missing.log') };
  await awaitFirstForwards(plan, files, {});
  await listenOn(port);
  await expect(awaitFirstForwards(plan, files, {})).rejects.toThrow(PortTakenError);
});
