import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { awaitedLater, until } from '../../../until.ts';
import { dhcpRequest } from '../../../../fixtures/network/dhcp-request.ts';
import { streamFrame } from '../../../../src/network/ethernet/ethernet-frame.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { EVERYBODY, type FakeQemu, SwitchLab, frame, mac, sanitizedSwitch } from './switch-lab.ts';

const [A, B, C] = [mac(1), mac(2), mac(3)];
const directory = temporaryDirectory();
interface Opened {
  readonly scope: Scope;
  readonly lab: SwitchLab;
  readonly b: FakeQemu;
  readonly c: FakeQemu;
  readonly pid: number;
}
let program: string, opened: Opened, lab: SwitchLab;
/** A client that does not finish its request; the other tests run meanwhile. */
let unfinished: { readonly opened: Opened; readonly closedAfterMs: Promise<number> };

async function open(): Promise<Opened> {
  const scope = new Scope();
  const lab = new SwitchLab(directory, scope, { program });
  lab.write('subnet 10.0.0.0/24 10.0.0.1', 'mtu 9000', `member a ${A} 10.0.0.2`, 'partition x y');
  const [b, c] = [await lab.plug('b', B), await lab.plug('c', C)];
  return { scope, lab, b, c, pid: await lab.switchPid() };
}

async function close({ scope, lab, pid }: Opened): Promise<void> {
  const last = await lab.switchPid();
  // Its leaks are reported at the end.
  lab.unplugAll();
  await lab.isOver();
  await scope.close();
  expect(lab.log).not.toMatch(/Sanitizer|runtime error/);
  expect(last).toBe(pid);
}

beforeAll(async () => {
  program = await sanitizedSwitch();
  const slow = await open();
  const begin = performance.now();
  const socket = connect(slow.lab.path('switch.sock'));
  socket.write('1 lis');
  const closed = once(socket.resume(), 'close');
  const closedAfterMs = awaitedLater(closed.then(() => performance.now() - begin));
  unfinished = { opened: slow, closedAfterMs };
});
afterAll(async () => close(unfinished.opened));
beforeEach(async () => {
  opened = await open();
  ({ lab } = opened);
});
afterEach(async () => close(opened));

let rounds = 0;
async function othersAreUnharmed({ b, c } = opened): Promise<void> {
  const words = `still here ${rounds++}`;
  b.send(C, words);
  await c.gets(words);
  b.received.length = c.received.length = 0;
}

const bytes = fc.uint8Array({ maxLength: 3000 }).map((array) => Buffer.from(array));
/** Frames with a header, so that they are parsed. */
const content = fc.oneof(
  bytes,
  bytes.map((payload) => frame(A, EVERYBODY, payload).subarray(4)),
  bytes.map((payload) => frame(A, B, payload).subarray(4)),
);
const request = dhcpRequest({ type: 3, mac: A, requested: '10.0.0.2' }).subarray(4);
const damaged = fc
  .array(fc.tuple(fc.nat(request.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
  .chain((changes) =>
    fc.nat(request.length).map((length) => {
      const copy = Buffer.from(request);
      for (const [at, value] of changes) copy[at] = value;
      return copy.subarray(0, length);
    }),
  );

describe('a compromised QEMU', () => {
  it('cannot harm the switch with any frames', async () => {
    const a = await lab.plug('a', A);
    for (const payload of fc.sample(fc.oneof(content, damaged), 3000)) {
      if (!a.socket.write(streamFrame(payload))) await once(a.socket, 'drain');
    }
    await othersAreUnharmed();
    expect(a.ended).toBe(false);
  });

  it('cannot harm it with bytes that are not frames', async () => {
    for (const garbage of fc.sample(bytes, 60)) {
      const a = await lab.begin('a', A);
      a.socket.end(garbage);
      a.received.length = 0;
      expect(await a.status()).toBe(0);
      await othersAreUnharmed();
    }
    await until(async () => (await lab.list())?.ports.length === 2, { awaited: 'no port is left of it' });
  });

  it('that disconnects in the middle of a frame is unplugged', async () => {
    const a = await lab.plug('a', A);
    a.socket.write(frame(A, B, 'x', 60_000).subarray(0, 30_000));
    await until(async () => (await lab.port('a')).framesSent === 0, { awaited: 'the first half is there' });
    a.socket.destroy();
    await until(async () => (await lab.list())?.ports.length === 2, { awaited: 'it is unplugged' });
    await othersAreUnharmed();
  });
});

describe('a client of the same user', () => {
  it('cannot harm it with any request', async () => {
    const word = fc.oneof(
      fc.constantFrom('1', '2', '0', '-1', 'plug', 'list', 'reload', 'capture', '', 'a', A, '\0', '\t'),
      fc.string({ maxLength: 70 }),
    );
    const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
    for (const text of fc.sample(line, 200)) {
      const socket = lab.request(text);
      socket.resume();
      // A capture does not end by itself.
      socket.end();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await othersAreUnharmed();
  });

  it('that sends requests and does not read delays nothing', async () => {
    const silent = Array.from({ length: 20 }, () => {
      const socket = lab.request('1 list');
      socket.pause();
      return socket;
    });
    await Promise.all(silent.map(async (socket) => once(socket, 'connect')));
    await othersAreUnharmed();
    for (const socket of silent) socket.destroy();
  });

  it('that does not finish its request is disconnected after 10 s', async () => {
    expect(await unfinished.closedAfterMs).toBeGreaterThan(9000);
    await othersAreUnharmed(unfinished.opened);
  });
});
