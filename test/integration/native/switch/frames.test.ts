import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitedLater, until } from '../../../until.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { residentBytes } from '../keeper/keeper-lab.ts';
import { EVERYBODY, type FakeQemu, SwitchLab, frame, mac } from './switch-lab.ts';

const MIB = 1024 * 1024;
const [A, B, C, D] = [mac(1), mac(2), mac(3), mac(4)];
const parent = temporaryDirectory();
let scope: Scope, lab: SwitchLab;

beforeEach(() => {
  scope = new Scope();
  lab = new SwitchLab(parent, scope);
});
afterEach(async () => scope.close());

const plugs = async (...addresses: readonly string[]): Promise<FakeQemu[]> =>
  Promise.all(addresses.map(async (address, index) => lab.plug('abcd'.charAt(index), address)));

async function three(): Promise<[FakeQemu, FakeQemu, FakeQemu]> {
  const [a, b, c] = await plugs(A, B, C);
  if (!a || !b || !c) throw new TypeError('three were plugged');
  return [a, b, c];
}

describe('a frame', () => {
  it('goes to the port of its destination, even if that has sent nothing yet', async () => {
    const [a, b, c] = await three();
    a.send(B, 'to b');
    a.send(EVERYBODY, 'to all');
    await Promise.all([b.gets('to all'), c.gets('to all')]);
    expect(b.contents()).toEqual(['to b', 'to all']);
    expect(c.contents()).toEqual(['to all']);
    expect(a.contents()).toEqual([]);
    expect(await lab.port('a')).toMatchObject({ framesSent: 2, bytesSent: 38, framesReceived: 0 });
    expect(await lab.port('b')).toMatchObject({ framesSent: 0, framesReceived: 2, bytesReceived: 38 });
  });

  it('to an unknown address goes to all ports, until the address is seen as a source', async () => {
    const [a, b, c] = await three();
    const inner = '02:00:00:00:00:09';
    a.send(inner, 'where is it');
    await Promise.all([b.gets('where is it'), c.gets('where is it')]);
    b.socket.write(frame(inner, A, 'here'));
    await a.gets('here');
    a.send(inner, 'found');
    a.send(EVERYBODY, 'end');
    await Promise.all([b.gets('end'), c.gets('end')]);
    expect(b.contents()).toContain('found');
    expect(c.contents()).not.toContain('found');
    // It moves to another port, as a container does.
    c.socket.write(frame(inner, A, 'moved'));
    await a.gets('moved');
    a.send(inner, 'found again');
    await c.gets('found again');
    expect(b.contents()).not.toContain('found again');
  });

  it.each([
    { what: 'IPv6 neighbour solicitation', to: '33:33:ff:00:00:02' },
    { what: 'IPv6 multicast', to: '33:33:00:00:00:01' },
    { what: 'IPv4 multicast', to: '01:00:5e:00:00:fb' },
    { what: 'broadcast', to: EVERYBODY },
  ])('$what goes to all other ports', async ({ to, what }) => {
    const [a, b, c] = await three();
    a.send(to, what);
    await Promise.all([b.gets(what), c.gets(what)]);
    expect(a.contents()).toEqual([]);
  });

  it('with the hardware address of another port as source is dropped, and moves no address', async () => {
    const [a, b, c] = await three();
    b.socket.write(frame(A, EVERYBODY, 'i am a'));
    b.socket.write(frame(B, EVERYBODY, 'i am b'));
    await Promise.all([a.gets('i am b'), c.gets('i am b')]);
    c.send(A, 'to a');
    await a.gets('to a');
    expect(a.contents()).toEqual(['i am b', 'to a']);
    expect(b.contents()).toEqual([]);
    expect(await lab.port('b')).toMatchObject({ rejected: 1 });
  });

  it('that is shorter than a header is dropped, and the longest one passes', async () => {
    const [a, b] = await three();
    const short = Buffer.from([0, 0, 0, 13, ...Buffer.alloc(13)]);
    a.socket.write(Buffer.concat([short, Buffer.alloc(4), frame(A, B, 'long', 65_554)]));
    await b.gets('long');
    expect(b.received[0]?.length).toBe(4 + 65_554);
    expect(await lab.port('a')).toMatchObject({ framesSent: 3, rejected: 2 });
  });

  it('arrives whole, in any chunks', async () => {
    const [a, b] = await three();
    const sent = Array.from({ length: 40 }, (_, index) => frame(A, B, `frame ${index}`, 14 + index * 50));
    const bytes = Buffer.concat(sent);
    for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7) % 911) {
      a.socket.write(bytes.subarray(at, at + step));
      if (step % 5 === 0) await new Promise(setImmediate);
    }
    await until(() => b.received.length === sent.length, { awaited: 'all arrive' });
    expect(Buffer.concat(b.received).equals(bytes)).toBe(true);
  });
});

describe('an invalid frame length', () => {
  it('ends the port and its plug, and nothing else', async () => {
    const [a, b, c] = await three();
    a.socket.write(Buffer.from([0, 1, 0, 19]));
    await until(() => a.ended, { awaited: 'the port is closed' });
    expect(await a.status()).toBe(0);
    b.send(C, 'still here');
    await c.gets('still here');
    expect((await lab.list())?.ports.map(({ name }) => name).sort()).toEqual(['b', 'c']);
    expect(lab.log).toContain('vmlet-switch: a: invalid frame length 65555, at most 65554');
  });
});

describe('a QEMU that does not read', () => {
  it('loses what exceeds its queue, delays no other port, and gets whole frames later', async () => {
    const [a, b, c] = await three();
    b.socket.pause();
    for (let number = 0; number < 8000; number++) {
      if (!a.socket.write(frame(A, B, `${number}`, 4000))) await once(a.socket, 'drain');
    }
    a.send(C, 'end');
    await c.gets('end');
    const { dropped, queued, framesReceived } = await lab.port('b');
    expect(dropped).toBeGreaterThan(0);
    expect(dropped + framesReceived).toBe(8000);
    expect(queued).toBeGreaterThan(MIB / 2);
    expect(queued).toBeLessThanOrEqual(MIB);
    expect(residentBytes(await lab.switchPid())).toBeLessThan(8 * MIB);
    b.socket.resume();
    await until(() => b.received.length === framesReceived, { awaited: 'the queue is empty' });
    // The first ones, complete and in order: the last ones were dropped.
    expect(b.contents()).toEqual(Array.from({ length: framesReceived }, (_, number) => `${number}`));
    a.send(B, 'after');
    await b.gets('after');
    await until(async () => (await lab.port('b')).queued === 0, { awaited: 'the memory is returned' });
    expect(residentBytes(await lab.switchPid())).toBeLessThan(2 * MIB);
  });

  it('and is flooded costs two other ports no frames', async () => {
    const [a, b, c, d] = await plugs(A, B, C, D);
    if (!a || !b || !c || !d) throw new TypeError('four were plugged');
    b.socket.pause();
    const burst = Buffer.concat([
      ...Array.from({ length: 100 }, () => frame(A, B, 'flood', 1500)),
      // So few that this process need not read them in time: otherwise the queue of C or D would drop their own frames.
      frame(A, EVERYBODY, 'noise', 60),
    ]);
    const stop = new AbortController();
    const write = async (): Promise<void> => {
      while (!stop.signal.aborted) if (!a.socket.write(burst)) await once(a.socket, 'drain');
    };
    const flood = awaitedLater(write());
    for (let number = 0; number < 200; number++) {
      c.send(D, `ping ${number}`);
      await d.gets(`ping ${number}`);
      d.send(C, `pong ${number}`);
      await c.gets(`pong ${number}`);
      c.received.length = d.received.length = 0;
    }
    stop.abort();
    await flood;
    expect((await lab.port('b')).dropped).toBeGreaterThan(0);
    expect((await lab.port('a')).framesSent).toBeGreaterThan(1000);
  });
});

describe('addresses that a guest invents', () => {
  it('are forgotten beyond 1024, the oldest first, but not its own', async () => {
    const [a, b, c] = await three();
    const made = (number: number): string => `02:00:00:00:${mac(number).slice(12)}`;
    for (let number = 0; number < 1100; number++) a.socket.write(frame(made(number), EVERYBODY, 'x'));
    // Its own address is not seen again.
    a.socket.write(frame(made(1099), B, 'last'));
    await b.gets('last');
    b.received.length = c.received.length = 0;
    c.send(made(0), 'to the oldest');
    c.send(made(1099), 'to the newest');
    c.send(A, 'to a');
    c.send(EVERYBODY, 'end');
    await Promise.all([a.gets('end'), b.gets('end')]);
    expect(b.contents()).toEqual(['to the oldest', 'end']);
    expect(a.contents()).toEqual(['to the oldest', 'to the newest', 'to a', 'end']);
  });
});
