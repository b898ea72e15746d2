import { expect, it } from 'vitest';
import { parseSockets } from '../../../../src/testing/probes/probe-sockets.ts';

/** As Linux 6.12 writes /proc/net/tcp and /proc/net/tcp6. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1 0000000000000000 100 0 0 10 0
   1: 0F02000A:0016 0202000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 1235 1 0000000000000000 20 4 30 10 -1
   2: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1236 1 0000000000000000 100 0 0 10 0
`;

it("reads the kernel's tables of sockets", () => {
  expect(parseSockets(TABLE)).toEqual([
    { localAddress: '127.0.0.1', localPort: 80, remotePort: 0, state: 0x0a },
    { localAddress: '10.0.2.15', localPort: 22, remotePort: 50000, state: 0x01 },
    { localAddress: '::1', localPort: 8080, remotePort: 0, state: 0x0a },
  ]);
});
