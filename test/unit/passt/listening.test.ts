import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { BoundForward } from '../../../src/network/ports/port.ts';
import { allListen, listeningAmong, refuseSharedUdp } from '../../../src/passt/listening.ts';

const forward = (hostPort: number, hostAddress = '127.0.0.1'): BoundForward => ({
  ...{ protocol: 'tcp', hostAddress, hostPort, guestPort: 80, ephemeral: false },
});

/** Read calls of this process so far: proc_pid_io(5). */
const readCalls = (): number => Number(/syscr: (\d+)/.exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);

test('finds the forwards on which a process listens, by address and port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [known, other] = [forward(port), forward(port, '127.0.0.2')];
  expect(listeningAmong([other, known])).toEqual([known]);
  expect(allListen([known])).toBe(true);
  expect(allListen([known, other])).toBe(false);
  expect(allListen([])).toBe(true);
  server.close();
  await once(server, 'close');
  expect(listeningAmong([known])).toEqual([]);
});

test('reads the tables of the kernel once for a range of ports', () => {
  const range = Array.from({ length: 5000 }, (_, index) => forward(10_000 + index));
  const before = readCalls();
  listeningAmong(range);
  refuseSharedUdp(range.map((one) => ({ ...one, protocol: 'udp' })));
  expect(readCalls() - before).toBeLessThan(1000);
});
