import { once } from 'node:events';
import { type Socket, createServer, connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  LONGEST_FRAME,
  parseHardwareAddress,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';
import { FrameStream } from '../../../../src/network/ethernet/frame-stream.ts';
import { QUEUE_BYTES, SocketPort } from '../../../../src/network/ethernet/socket-port.ts';
import { EthernetSwitch } from '../../../../src/network/ethernet/switch.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

/** A machine's end of a cable into the switch, and the switch's. */
async function plug(name: string, into: EthernetSwitch): Promise<{ guest: Socket; port: Socket }> {
  const path = join(directory, name);
  const server = createServer().listen(path);
  const guest = connect(path);
  const [port] = (await once(server, 'connection')) as [Socket];
  server.close();
  sockets.push(guest, port);
  new SocketPort({ name, mac: `52:54:00:00:01:0${name}` }, port, into);
  return { guest, port };
}

function frame(from: string, bytes: number, content = ''): Buffer {
  const addresses = Buffer.from(`${'\xff'.repeat(6)}${parseHardwareAddress(from)}`, 'latin1');
  return streamFrame(Buffer.concat([addresses, Buffer.from([8, 0]), Buffer.from(content)], bytes));
}

test('drops frames that a guest does not read, with bounded memory, and delays no other guest', async () => {
  const into = new EthernetSwitch();
  const [sender, slow, quick] = await Promise.all(['a', 'b', 'c'].map(async (name) => plug(name, into)));
  if (!sender || !slow || !quick) throw new TypeError('three were plugged in');
  slow.guest.pause();
  const stream = new FrameStream();
  let [received, most] = [0, 0];
  const over = new Promise<void>((resolve) =>
    quick.guest.on('data', (chunk: Buffer) => {
      const frames = stream.push(chunk);
      received += frames.length;
      most = Math.max(most, slow.port.writableLength);
      if (frames.some((one) => one.includes('the end'))) resolve();
    }),
  );
  // Small frames between large ones: a waiting frame must not hold the buffer of others that were read with it.
  const burst = Buffer.concat(
    Array.from({ length: 16 }, (_, i) => frame('52:54:00:00:00:01', i === 0 ? 64 : 4000)),
  );
  for (let sent = 0; sent < 16 * QUEUE_BYTES; sent += burst.length) {
    if (!sender.guest.write(burst)) await once(sender.guest, 'drain');
  }
  sender.guest.write(frame('52:54:00:00:00:01', 64, 'the end'));
  await over;
  expect(received).toBeGreaterThan(0);
  expect(most).toBeGreaterThan(QUEUE_BYTES / 2);
  expect(most).toBeLessThanOrEqual(QUEUE_BYTES);
  // It gets whole frames when it reads again.
  const late = new FrameStream();
  const [chunk] = (await once(slow.guest.resume(), 'data')) as [Buffer];
  expect(late.push(chunk)[0]?.length).toBe(68);
});

test('unplugs a port that announces an invalid frame length, or that disconnects', async () => {
  const into = new EthernetSwitch();
  const [broken, dead, third] = await Promise.all(['a', 'b', 'c'].map(async (name) => plug(name, into)));
  if (!broken || !dead || !third) throw new TypeError('three were plugged in');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(LONGEST_FRAME + 1);
  broken.guest.write(length);
  dead.guest.destroy();
  await Promise.all([once(broken.port, 'close'), once(dead.port, 'close')]);
  // No receiver is left, and nothing fails.
  third.guest.write(frame('52:54:00:00:00:03', 64, 'anybody?'));
  const again = await plug('d', into);
  third.guest.write(frame('52:54:00:00:00:03', 64, 'somebody'));
  const [chunk] = (await once(again.guest, 'data')) as [Buffer];
  expect(chunk.toString('latin1')).toContain('body');
});
