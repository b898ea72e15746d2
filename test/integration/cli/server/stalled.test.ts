import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../../until.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { TestServer } from './server.ts';

const STALLED_MS = 1000;
/** More than two sockets buffer. */
const LARGE = 48 * 1024 * 1024;
const KIB = 1024;

/** A page with a large file. */
const page = temporaryDirectory();
mkdirSync(join(page, 'assets'));
writeFileSync(join(page, 'index.html'), '<!doctype html>');
writeFileSync(join(page, 'assets/large.png'), Buffer.alloc(LARGE));
const log = join(page, 'serial.log');
writeFileSync(log, Buffer.alloc(LARGE, 'line of sixteen\n'));

async function start(options: Parameters<typeof TestServer.start>[0] = {}): Promise<TestServer> {
  return TestServer.start({ page, ...options });
}

function requestOf(served: TestServer, path: string, credentials: 'bearer' | 'none' = 'bearer'): string {
  const bearer = credentials === 'none' ? '' : `Authorization: ${String(served.bearer['authorization'])}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: ${served.host}\r\n${bearer}\r\n`;
}

/** Sends requests, and reads no answer. */
function connectWith(served: TestServer, ...requests: readonly string[]): Socket {
  const connection = connect(served.server.port ?? 0, '127.0.0.1').pause();
  connection.on('error', () => undefined);
  for (const request of requests) connection.write(request);
  return connection;
}

/** A machine that was never started, with a log. */
async function addMachine(served: TestServer): Promise<void> {
  const disk = join(served.directory, 'disk.img');
  writeFileSync(disk, bootSectors.hang);
  const { spec } = await served.store.create({
    name: 'web',
    disks: [`${disk},format=raw,readonly`],
    net: 'none',
  });
  const logs = join(served.directory, 'state/vmlet/machines', spec.id);
  mkdirSync(logs, { recursive: true });
  // A link, since a write of this size would delay the tests beside it.
  linkSync(log, join(logs, 'serial.log'));
  const { text } = await served.ask('/v1/machines/web/log?lines=1', { headers: served.bearer });
  expect(text).toBe('line of sixteen\n');
}

// Their servers wait for seconds.
describe.concurrent('a client that does not read', () => {
  it.each([
    { what: 'pipelined requests', path: '/assets/large.png' },
    { what: 'a log', path: '/v1/machines/web/log?lines=10000000' },
    { what: 'a log that it follows', path: '/v1/machines/web/log?lines=10000000&follow=' },
  ])('is disconnected from $what', async ({ path }) => {
    await using served = await start({ stalledMs: STALLED_MS });
    await addMachine(served);
    const request = requestOf(served, path);
    const connection = connectWith(served, request, request);
    await until(() => served.server.connections === 1);
    await until(() => served.server.connections === 0);
    connection.destroy();
    expect(served.defects).toEqual([]);
  });

  it('is disconnected after a refused WebSocket too', async () => {
    await using served = await start({ stalledMs: STALLED_MS });
    const upgrade = requestOf(served, '/v1/nothing').replace(
      '\r\n\r\n',
      '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const connection = connectWith(served, requestOf(served, '/assets/large.png'), upgrade);
    await until(() => served.server.connections === 1);
    await until(() => served.server.connections === 0);
    connection.destroy();
  });

  it('gets no more than a few megabytes of events, and is disconnected', async () => {
    await using served = await start({ stalledMs: 5 * STALLED_MS });
    const socket = served.connect('/v1/events');
    await new Promise((resolve) => socket.once('open', resolve));
    socket.pause();
    const stream = connectWith(served, requestOf(served, '/v1/events'));
    await until(() => served.server.connections === 2);
    for (let at = 0; at < 30; at++) await sendLargeOperation(served, at);
    await until(() => served.server.connections === 0);
    socket.terminate();
    stream.destroy();
    expect(served.defects).toEqual([]);
  });

  it('gets the list again instead of the events that it missed', async () => {
    await using served = await TestServer.start();
    const socket = served.connect('/v1/events');
    const events: string[] = [];
    socket.on('message', (data: Buffer) => {
      events.push((JSON.parse(data.toString('utf8')) as { event: string }).event);
    });
    await until(() => events.length > 0);
    socket.pause();
    const operations = 30;
    for (let at = 0; at < operations; at++) await sendLargeOperation(served, at);
    socket.resume();
    await until(() => events.lastIndexOf('machines') > 0);
    const before = events.slice(0, events.lastIndexOf('machines'));
    // Each has a beginning and an end.
    expect(before.length).toBeLessThan(2 * operations);
    socket.terminate();
  });

  it('does not keep the server in use without credentials', async () => {
    await using served = await start({ idleMs: STALLED_MS });
    const connection = connectWith(served, requestOf(served, '/assets/large.png', 'none'));
    await until(() => served.server.connections === 1);
    await served.server.idle;
    expect(served.server.connections).toBe(1);
    connection.destroy();
  });
});

/** Adds an operation that fails at once; its command has 300 kB. */
async function sendLargeOperation(served: TestServer, at: number): Promise<void> {
  const body = { reference: `${at}${'x'.repeat(300 * KIB)}` };
  expect(await served.post('/v1/images/pull', body)).toMatchObject({ status: 400 });
}

// Not at the same time as the others: their work could delay the answers to its pings.
describe('a client that reads slowly, or has nothing to read', () => {
  it('gets all of a long answer', async () => {
    // The kernel buffers up to 7 MB.
    await using served = await start({ stalledMs: 5 * STALLED_MS });
    const connection = connectWith(served, requestOf(served, '/assets/large.png'));
    const began = performance.now();
    let received = 0;
    // At most 64 KiB each time.
    const read = setInterval(() => {
      received += (connection.read() as Buffer | null)?.length ?? 0;
    }, 15);
    await until(() => received > LARGE || connection.destroyed);
    clearInterval(read);
    expect(received).toBeGreaterThan(LARGE);
    expect(performance.now() - began).toBeGreaterThan(2 * 5 * STALLED_MS);
    connection.destroy();
  });

  it('stays connected', async () => {
    await using served = await start({ stalledMs: STALLED_MS });
    await addMachine(served);
    const socket = served.connect('/v1/events');
    await new Promise((resolve) => socket.once('open', resolve));
    const stream = connectWith(served, requestOf(served, '/v1/events')).resume();
    const log = connectWith(served, requestOf(served, '/v1/machines/web/log?lines=1&follow=')).resume();
    let text = '';
    log.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    await until(() => text.includes('line'));
    await until(() => served.server.connections === 3);
    const began = performance.now();
    await until(() => performance.now() - began > 4 * STALLED_MS);
    expect(served.server.connections).toBe(3);
    for (const one of [stream, log]) one.destroy();
    socket.terminate();
  });
});

describe('connections without credentials', () => {
  it('are ended for newer ones, and do not lock the user out', async () => {
    await using served = await start();
    const unfinished = requestOf(served, '/', 'none').slice(0, -2);
    const connections = Array.from({ length: 600 }, () => connectWith(served, unfinished));
    await until(() => served.server.connections === 128);
    expect((await served.ask('/v1', { headers: served.bearer })).status).toBe(200);
    for (const one of connections) one.destroy();
  });
});
