import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { EVERYBODY, type FakeQemu, SwitchLab, frame, mac } from './switch-lab.ts';

const MIB = 1024 * 1024;
const [A, B, C] = [mac(1), mac(2), mac(3)];
const parent = temporaryDirectory();
let scope: Scope, lab: SwitchLab;

beforeEach(() => {
  scope = new Scope();
  lab = new SwitchLab(parent, scope);
});
afterEach(async () => scope.close());

/** Ports in order. */
async function plugged(): Promise<[FakeQemu, FakeQemu, FakeQemu]> {
  return [await lab.plug('a', A), await lab.plug('b', B), await lab.plug('c', C)];
}

describe('list', () => {
  it('contains the ports in the order in which they were plugged in', async () => {
    await plugged();
    const list = await lab.list();
    expect(list?.ports.map(({ name, mac: address }) => [name, address])).toEqual([
      ['a', A],
      ['b', B],
      ['c', C],
    ]);
    expect(list?.pid).toBe(lab.switches()[0]);
    expect(list?.captures).toEqual([]);
  });

  it('is answered to clients that close their side at once', async () => {
    await lab.plug('a', A);
    const socket = lab.request('1 list');
    socket.end();
    const [text] = (await once(socket, 'data')) as [Buffer];
    expect(text.toString()).toMatch(/^\{"result":.*\}\n$/);
  });
});

describe('invalid requests', () => {
  it.each([
    ['2 list', { code: 'version', message: 'this switch speaks version 1', version: 1 }],
    ['list', { code: 'request', message: 'expected a version and a request' }],
    ['', { code: 'request', message: 'expected a version and a request' }],
    ['1', { code: 'request', message: 'expected: plug, list, reload, capture or end' }],
    ['1 list all', { code: 'request', message: 'expected: plug, list, reload, capture or end' }],
    ['1 plug x', { code: 'request', message: 'expected: plug NAME MAC' }],
    ['1 plug "x" 52:54:00:00:00:09', { code: 'request', message: 'expected: plug NAME MAC' }],
    ['1 plug x 53:54:00:00:00:09', { code: 'request', message: 'expected: plug NAME MAC' }],
    [
      '1 plug x 52:54:00:00:00:09',
      { code: 'request', message: 'expected a descriptor of a unix stream socket' },
    ],
    ['1 capture a b', { code: 'request', message: 'expected: capture [NAME]' }],
    ['1 end', { code: 'in-use', message: 'the network has running members' }],
  ])('%s', async (line, error) => {
    await lab.plug('a', A);
    expect(JSON.parse(await lab.text(line))).toEqual({ error });
  });

  it('a line that is too long gets no answer', async () => {
    await lab.plug('a', A);
    expect(await lab.text(`1 list ${' '.repeat(300)}`)).toBe('');
  });
});

describe('end', () => {
  it('ends a switch without ports at once', async () => {
    lab = new SwitchLab(parent, scope, { lingerMs: 60_000 });
    const a = await lab.plug('a', A);
    a.socket.destroy();
    await until(async () => (await lab.list())?.ports.length === 0, { awaited: 'the port is gone' });
    expect(await lab.answer('end')).toEqual({ result: {} });
    expect(await lab.list()).toBeUndefined();
    await lab.isOver();
  });
});

describe('a partition', () => {
  it('separates its groups, and nothing else, until it is healed', async () => {
    const [a, b, c] = await plugged();
    await lab.reload('partition a b');
    a.send(EVERYBODY, 'all');
    a.send(B, 'to b');
    b.send(A, 'to a');
    c.send(EVERYBODY, 'from c');
    await Promise.all([a.gets('from c'), b.gets('from c'), c.gets('all')]);
    expect(a.contents()).toEqual(['from c']);
    expect(b.contents()).toEqual(['from c']);
    expect((await lab.port('b')).blocked).toBe(2);
    expect((await lab.port('a')).blocked).toBe(1);
    await lab.reload();
    a.send(B, 'healed');
    await b.gets('healed');
  });

  it('is added to earlier ones', async () => {
    const [a, b, c] = await plugged();
    await lab.reload('partition a,b c', 'partition a b', 'partition x y');
    b.send(EVERYBODY, 'from b');
    c.send(EVERYBODY, 'from c');
    a.send(EVERYBODY, 'from a');
    await lab.reload('partition a,b c');
    a.send(B, 'end');
    await b.gets('end');
    expect(b.contents()).toEqual(['end']);
    expect([a.contents(), c.contents()]).toEqual([[], []]);
  });

  it('applies to later ports and switches', async () => {
    lab.write('partition a,c b');
    const [a, b, c] = await plugged();
    process.kill(await lab.switchPid(), 'SIGKILL');
    await until(() => a.ended && b.ended && c.ended, { awaited: 'all are unplugged' });
    const [d, e, f] = await plugged();
    d.send(EVERYBODY, 'after');
    await f.gets('after');
    expect(e.contents()).toEqual([]);
    expect((await lab.port('b')).blocked).toBe(1);
  });
});

describe('a table', () => {
  it.each([
    ['members', 'expected: subnet, mtu, member or partition', 1],
    ['', 'expected: subnet, mtu, member or partition', 1],
    ['subnet 10.0.0.0/24', 'expected: subnet NETWORK/PREFIX SERVER', 1],
    ['subnet 10.0.0.0/24  10.0.0.1', 'expected: subnet NETWORK/PREFIX SERVER', 1],
    ['subnet 10.0.0.0/31 10.0.0.1', 'invalid subnet', 1],
    ['subnet 10.0.0.1/24 10.0.0.1', 'the subnet’s address is not the first of the network', 1],
    ['subnet 10.0.0.0/24 10.0.1.1', 'the server’s address is not in the subnet', 1],
    ['mtu 500', 'expected: mtu BYTES, from 576 to 65520', 1],
    ['member a', 'expected: member NAME MAC ADDRESS', 1],
    ['member a_"b 52:54:00:00:00:01 -', 'invalid name', 1],
    [`member ${'x'.repeat(64)} 52:54:00:00:00:01 -`, 'invalid name', 1],
    ['member a 52:54:00:00:00 -', 'invalid MAC address', 1],
    ['member a 52:54:00:00:00:0g -', 'invalid MAC address', 1],
    ['member a 01:54:00:00:00:01 -', 'invalid MAC address', 1],
    ['member a 00:00:00:00:00:00 -', 'invalid MAC address', 1],
    ['member a 52:54:00:00:00:01 10.0.0', 'invalid address', 1],
    ['member a 52:54:00:00:00:01 - speed=1', 'invalid latency, loss, bandwidth or mtu', 1],
    ['member a 52:54:00:00:00:01 - loss=1000001', 'invalid latency, loss, bandwidth or mtu', 1],
    ['member a 52:54:00:00:00:01 - mtu=575', 'invalid latency, loss, bandwidth or mtu', 1],
    ['member a 52:54:00:00:00:01 - mtu=65521', 'invalid latency, loss, bandwidth or mtu', 1],
    ['member a 52:54:00:00:00:01 - latency', 'expected: latency=, loss=, bandwidth= or mtu=', 1],
    ['partition a', 'expected: partition GROUP GROUP', 1],
    ['partition a,b a', 'a name is in a partition twice', 1],
    ['partition a,,b c', 'invalid name in a partition', 1],
    ['mtu 1500\nmtu 1500', 'duplicate mtu', 2],
    [Array.from({ length: 65 }, () => 'partition a b').join('\n'), 'too many partitions, at most 64', 65],
  ])('with %j is rejected, and the previous one stays', async (text, problem, line) => {
    const [a, b] = await plugged();
    await lab.reload('partition a b');
    lab.write(text);
    expect(await lab.answer('reload')).toEqual({
      error: { code: 'table', message: `table:${line}: ${problem.replaceAll('’', "'")}` },
    });
    a.send(B, 'cut');
    await until(async () => (await lab.port('b')).blocked === 1, { awaited: 'it is blocked' });
    expect(b.contents()).toEqual([]);
  });

  it('with a repeated hardware address, a NUL or too many bytes is rejected', async () => {
    await lab.plug('a', A);
    lab.write(`member a ${A} -`, `member b ${A} -`);
    expect(await lab.answer('reload')).toMatchObject({
      error: { message: 'table: two members have the same MAC address' },
    });
    lab.write('mtu 1500\0');
    expect(await lab.answer('reload')).toMatchObject({ error: { code: 'table' } });
    writeFileSync(lab.path('table'), 'x'.repeat(MIB));
    expect(await lab.answer('reload')).toMatchObject({ error: { message: 'table: File too large' } });
  });

  it('without a final newline is complete', async () => {
    await lab.plug('a', A);
    writeFileSync(lab.path('table'), 'mtu 1400');
    expect(await lab.answer('reload')).toEqual({ result: {} });
  });

  it('can have thousands of members', async () => {
    const members = Array.from({ length: 5000 }, (_, number) => `member m${number} ${mac(number + 9)} -`);
    lab.write(...members.reverse(), `member a ${A} - loss=1000000`);
    const [a, b] = await plugged();
    a.send(B, 'lost');
    await until(async () => (await lab.port('a')).lost === 1, { awaited: 'it is lost' });
    expect(b.contents()).toEqual([]);
  });
});

describe('a link', () => {
  it('delays frames in both directions, and keeps their order', async () => {
    lab.write(`member a ${A} - latency=1000`);
    const [a, b, c] = await plugged();
    const begin = performance.now();
    const numbers = Array.from({ length: 20 }, (_, number) => `${number}`);
    for (const number of numbers) a.send(B, number);
    c.send(B, 'quick');
    await b.gets('19');
    expect(performance.now() - begin).toBeGreaterThanOrEqual(1000);
    expect(b.contents()).toEqual(['quick', ...numbers]);
    const back = performance.now();
    b.send(A, 'back');
    await a.gets('back');
    expect(performance.now() - back).toBeGreaterThanOrEqual(1000);
  });

  it('whose latency is removed does not let frames overtake earlier ones', async () => {
    lab.write(`member a ${A} - latency=400`);
    const [a, b] = await plugged();
    a.send(B, 'slow');
    await until(async () => (await lab.port('a')).framesSent === 1, { awaited: 'it is on its way' });
    await lab.reload();
    a.send(B, 'later');
    await b.gets('later');
    expect(b.contents()).toEqual(['slow', 'later']);
  });

  it('loses the given share of the frames', async () => {
    lab.write(`member a ${A} - loss=300000`);
    const [a, b, c] = await plugged();
    a.socket.write(Buffer.concat(Array.from({ length: 4000 }, () => frame(A, B, 'x'))));
    await until(async () => (await lab.port('a')).framesSent === 4000, { awaited: 'all are sent' });
    const { lost } = await lab.port('a');
    // Seven standard deviations on each side.
    expect(lost).toBeGreaterThan(1000);
    expect(lost).toBeLessThan(1400);
    c.send(B, 'end');
    await b.gets('end');
    expect(b.received.length).toBe(4000 - lost + 1);
  });

  it('has its bandwidth, and drops what exceeds its buffer', async () => {
    lab.write(`member a ${A} - bandwidth=1000000`);
    const [a, b] = await plugged();
    const begin = performance.now();
    // 200 kB take 200 ms.
    for (let number = 0; number < 200; number++) a.send(B, `${number}`, 1000);
    await b.gets('199');
    expect(performance.now() - begin).toBeGreaterThanOrEqual(190);
    expect((await lab.port('a')).lost).toBe(0);
    a.socket.write(Buffer.concat(Array.from({ length: 2000 }, () => frame(A, B, 'x', 1000))));
    await until(async () => (await lab.port('a')).framesSent === 2200, { awaited: 'all are sent' });
    expect((await lab.port('a')).lost).toBeGreaterThan(1000);
  });
});

describe('a capture', () => {
  /** Collects the received bytes. */
  function collect(line: string): { readonly bytes: () => Buffer; readonly end: () => Promise<void> } {
    const socket = lab.request(line);
    const chunks: Buffer[] = [];
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    return {
      bytes: () => Buffer.concat(chunks),
      end: async () => {
        socket.end();
        await closed;
      },
    };
  }
  const captures = async () => (await lab.list())?.captures;
  const packetsOf = (file: Buffer): string[] => {
    const packets: string[] = [];
    for (let at = 24; at < file.length;) {
      const length = file.readUInt32LE(at + 8);
      expect(file.readUInt32LE(at + 12)).toBe(length);
      packets.push(file.toString('latin1', at + 16 + 14, at + 16 + length));
      at += 16 + length;
    }
    return packets;
  };
  /** The answer's object, and the file after it. */
  const split = (bytes: Buffer): [unknown, Buffer] => {
    const end = bytes.indexOf('\n');
    return [JSON.parse(bytes.toString('latin1', 0, end)), bytes.subarray(end + 1)];
  };

  it('is a pcap file of all frames, each once', async () => {
    const [a, b, c] = await plugged();
    const capture = collect('1 capture');
    await until(async () => (await captures())?.length === 1, { awaited: 'it has begun' });
    const before = Math.floor(Date.now() / 1000);
    a.send(EVERYBODY, 'to all');
    a.send(B, 'to b');
    await Promise.all([b.gets('to b'), c.gets('to all')]);
    expect(await captures()).toEqual([{ id: 1, name: null, packets: 2, lost: 0 }]);
    await capture.end();
    const [answer, file] = split(capture.bytes());
    expect(answer).toEqual({ result: { id: 1 } });
    expect(file.subarray(0, 24).toString('hex')).toBe(
      'd4c3b2a1' + '02000400' + '00000000' + '00000000' + '00000400' + '01000000',
    );
    expect(packetsOf(file)).toEqual(['to all', 'to b']);
    expect(file.readUInt32LE(24)).toBeGreaterThanOrEqual(before);
    expect(file.readUInt32LE(24)).toBeLessThan(before + 60);
    await until(async () => (await captures())?.length === 0, { awaited: 'it is gone' });
    const tcpdump = findProgram('tcpdump');
    if (tcpdump === undefined) return;
    writeFileSync(lab.path('x.pcap'), file);
    const text = execFileSync(tcpdump, ['-e', '-n', '-r', lab.path('x.pcap')], {
      stdio: 'pipe',
    }).toString();
    expect(text).toContain(`${A} > ${B}, ethertype Unknown (0x88b5)`);
  });

  it('of one member contains the frames that it sends and receives', async () => {
    const [a, b, c] = await plugged();
    const capture = collect('1 capture b');
    await until(async () => (await captures())?.length === 1, { awaited: 'it has begun' });
    a.send(C, 'a to c');
    a.send(B, 'a to b');
    b.send(C, 'b to c');
    c.send(EVERYBODY, 'c to all');
    await Promise.all([b.gets('c to all'), c.gets('b to c'), b.gets('a to b')]);
    await capture.end();
    expect(packetsOf(split(capture.bytes())[1]).sort()).toEqual(['a to b', 'b to c', 'c to all']);
  });

  it('that is not read loses packets, which are counted, and members lose none', async () => {
    const [a, b] = await plugged();
    const socket = lab.request('1 capture');
    socket.pause();
    await until(async () => (await captures())?.length === 1, { awaited: 'it has begun' });
    for (let sent = 400; sent <= 8000; sent += 400) {
      // Less than the queue of B holds, since this process may read late.
      a.socket.write(Buffer.concat(Array.from({ length: 400 }, () => frame(A, B, 'x', 1500))));
      await until(() => b.received.length === sent, { awaited: 'all have arrived' });
    }
    const [capture] = (await captures()) ?? [];
    expect(capture?.lost).toBeGreaterThan(0);
    expect((capture?.packets ?? 0) + (capture?.lost ?? 0)).toBe(8000);
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    socket.resume();
    socket.end();
    await until(() => socket.destroyed, { awaited: 'it is closed' });
    expect(packetsOf(split(bytes)[1]).length).toBe(capture?.packets);
  });

  it('is one of at most eight', async () => {
    await plugged();
    for (let number = 0; number < 8; number++) lab.request('1 capture');
    await until(async () => (await captures())?.length === 8, { awaited: 'all have begun' });
    expect(await lab.answer('capture')).toEqual({
      error: { code: 'full', message: 'too many captures, at most 8' },
    });
  });

  it('does not prevent the switch from ending', async () => {
    const a = await lab.plug('a', A);
    const capture = collect('1 capture');
    await until(async () => (await captures())?.length === 1, { awaited: 'it has begun' });
    a.socket.destroy();
    await lab.isOver();
    await capture.end();
  });
});
