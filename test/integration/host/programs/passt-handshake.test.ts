import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { completesHandshake, freePort } from '../../../../src/host/programs/passt-handshake.ts';
import { probePasst } from '../../../../src/host/programs/passt.ts';
import { requireProgram } from '../../../../src/process/program.ts';

const GUEST = '020000000001';
const [ARP_REQUEST, ARP_REPLY] = [
  '00010800060400019a559a559a55c0000202',
  '00010800060400029a559a559a55c0000202',
];

function frame(type: string, body: string): Buffer {
  const ethernet = Buffer.from(`${GUEST}9a559a559a55${type}${body}`.padEnd(2 * 60, '0'), 'hex');
  return Buffer.concat([Buffer.from([0, 0, 0, ethernet.length]), ethernet]);
}

/** From 192.0.2.2 port 4660 to 192.0.2.15 port 7, with these flags. */
function segment(flags: string): Buffer {
  return frame(
    '0800',
    `4500002800004000ff060000c0000202c000020f12340007000000ff0000000050${flags}ffff00000000`,
  );
}

/** Acts as passt: answers ARP, forwards a connection, and calls `onSynAck` when the guest has answered. */
async function playPasst(onSynAck: (socket: Socket) => void): Promise<boolean | undefined> {
  const hostPort = await freePort();
  const [network, forward] = [createServer(), createServer()];
  onTestFinished(() => {
    network.close();
    forward.close();
  });
  network.listen(0, '127.0.0.1');
  forward.listen(hostPort, '127.0.0.1');
  await Promise.all([once(network, 'listening'), once(forward, 'listening')]);
  network.on('connection', (socket: Socket) => {
    // passt of 2026 asks on its own account first.
    socket.write(frame('0806', ARP_REQUEST));
    forward.once('connection', (client: Socket) => {
      client.on('error', () => undefined);
      // In two parts, as a stream may deliver it.
      const syn = segment('02');
      socket.write(syn.subarray(0, 9));
      setImmediate(() => socket.write(syn.subarray(9)));
    });
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += 4 + data.readUInt32BE(at)) {
        const type = data.readUInt16BE(at + 4 + 12);
        if (type === 0x0806) socket.write(frame('0806', ARP_REPLY));
        else if (data[at + 4 + 14 + 20 + 13] === 0x12) onSynAck(socket);
      }
    });
    socket.on('error', () => undefined);
  });
  const socket = connect((network.address() as { port: number }).port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  return completesHandshake(socket, hostPort);
}

it('a passt that completes the handshake passes', async () => {
  expect(await playPasst((socket) => socket.write(segment('10')))).toBe(true);
});

it('a passt that waits for the host’s side, as in 2023, fails', async () => {
  expect(await playPasst(() => undefined)).toBe(false);
});

it('a passt that exits gives no result', async () => {
  expect(await playPasst((socket) => socket.destroy())).toBeUndefined();
});

it('the host’s own passt gives the same result each time', async () => {
  const path = requireProgram('passt');
  const [first, second] = [await probePasst(path, undefined), await probePasst(path, undefined)];
  expect(second.completesHandshakes).toBe(first.completesHandshakes);
  // Every passt with vhost-user is newer than the fix.
  if (first.hasVhostUser) expect(first.completesHandshakes).toBe(true);
});
