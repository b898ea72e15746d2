import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Capture } from '../../../../src/network/ethernet/capture.ts';
import {
  type StreamFrame,
  parseHardwareAddress,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';
import { EthernetSwitch, type SwitchPort } from '../../../../src/network/ethernet/switch.ts';

class Wire implements SwitchPort {
  readonly name: string;
  readonly card: string;
  readonly got: string[] = [];

  constructor(name: string, into: EthernetSwitch) {
    this.name = name;
    this.card = parseHardwareAddress(cardOf(name));
    into.plugIn(this);
  }

  deliver(frame: StreamFrame): void {
    this.got.push(frame.toString('latin1', 18));
  }
}

/** The addresses of the ports’ cards are not those in the other frames. */
function cardOf(name: string): string {
  return `52:54:00:00:01:${hex(name.charCodeAt(0))}`;
}

const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
const [A, B, C] = ['52:54:00:00:00:0a', '52:54:00:00:00:0b', '52:54:00:00:00:0c'] as const;

function frame(to: string, from: string, content: string): StreamFrame {
  const text = `${parseHardwareAddress(to)}${parseHardwareAddress(from)}\x08\x00${content}`;
  return streamFrame(Buffer.from(text, 'latin1'));
}

function three() {
  const into = new EthernetSwitch();
  return { into, a: new Wire('a', into), b: new Wire('b', into), c: new Wire('c', into) };
}

test('floods frames to unknown addresses, and sends others to one port', () => {
  const { into, a, b, c } = three();
  into.receive(a, frame(B, A, 'who is b'));
  expect([a.got, b.got, c.got]).toEqual([[], ['who is b'], ['who is b']]);
  into.receive(b, frame(A, B, 'me'));
  into.receive(a, frame(B, A, 'to you alone'));
  expect(a.got).toEqual(['me']);
  expect(b.got).toEqual(['who is b', 'to you alone']);
  expect(c.got).toEqual(['who is b']);
  into.receive(c, frame(EVERYBODY, C, 'all'));
  expect([a.got.at(-1), b.got.at(-1), c.got.at(-1)]).toEqual(['all', 'all', 'who is b']);
});

test('never sends a frame back to its source port', () => {
  const { into, a, b, c } = three();
  into.receive(a, frame(EVERYBODY, A, 'here is a'));
  into.receive(a, frame(EVERYBODY, B, 'and b behind it'));
  into.receive(a, frame(B, A, 'stays behind a'));
  expect(a.got).toEqual([]);
  expect(b.got).toEqual(['here is a', 'and b behind it']);
  expect(c.got).toEqual(b.got);
});

test('drops frames shorter than a header, and frames from an unplugged port', () => {
  const { into, a, b } = three();
  into.receive(a, streamFrame(Buffer.alloc(13, 0xff)));
  into.receive(a, Buffer.alloc(0));
  into.unplug(a);
  into.receive(a, frame(EVERYBODY, A, 'late'));
  expect(b.got).toEqual([]);
});

test('forgets the addresses of an unplugged port', () => {
  const { into, a, b, c } = three();
  into.receive(b, frame(EVERYBODY, B, 'here'));
  into.unplug(b);
  into.receive(a, frame(B, A, 'anybody?'));
  expect(b.got).toEqual([]);
  expect(c.got).toEqual(['here', 'anybody?']);
});

test('moves an address to the port that used it last', () => {
  const { into, a, b, c } = three();
  into.receive(b, frame(EVERYBODY, B, 'here'));
  into.receive(c, frame(EVERYBODY, B, 'moved'));
  into.receive(a, frame(B, A, 'for the new place'));
  expect(b.got).not.toContain('for the new place');
  expect(c.got).toContain('for the new place');
});

test('keeps a moved address when its former port is unplugged', () => {
  const { into, a, b, c } = three();
  into.receive(b, frame(EVERYBODY, B, 'here'));
  into.receive(c, frame(EVERYBODY, B, 'moved'));
  into.unplug(b);
  const d = new Wire('d', into);
  into.receive(a, frame(B, A, 'for c alone'));
  expect(c.got).toEqual(['here', 'for c alone']);
  expect(d.got).toEqual([]);
});

test('takes no frame from the address of another port’s card, which gets its frames without having sent any', () => {
  const { into, a, b, c } = three();
  into.receive(a, frame(cardOf('b'), A, 'to the card of b'));
  into.receive(c, frame(EVERYBODY, cardOf('b'), 'from the card of b, says c'));
  into.receive(a, frame(cardOf('b'), A, 'still to b'));
  expect(b.got).toEqual(['to the card of b', 'still to b']);
  expect([a.got, c.got]).toEqual([[], []]);
  into.receive(b, frame(A, cardOf('b'), 'from b'));
  into.unplug(b);
  into.receive(c, frame(EVERYBODY, cardOf('b'), 'mine now'));
  into.receive(a, frame(cardOf('b'), A, 'to c'));
  expect([a.got, c.got]).toEqual([['from b', 'mine now'], ['to c']]);
});

test('a port that is plugged in gets the frames for its card, even if another port has used that address', () => {
  const { into, a, b, c } = three();
  into.unplug(b);
  into.receive(c, frame(EVERYBODY, cardOf('b'), 'not plugged in'));
  const again = new Wire('b', into);
  into.receive(a, frame(cardOf('b'), A, 'to b'));
  expect(again.got).toEqual(['to b']);
  // That of the earlier connection ends late.
  into.unplug(b);
  into.receive(a, frame(cardOf('b'), A, 'still to b'));
  expect(again.got).toEqual(['to b', 'still to b']);
  expect(c.got).toEqual([]);
});

test('does not learn a group address as a source', () => {
  const { into, a, b, c } = three();
  into.receive(a, frame(B, EVERYBODY, 'from everybody'));
  into.receive(b, frame(EVERYBODY, B, 'to everybody'));
  expect(a.got).toEqual(['to everybody']);
  expect(c.got).toEqual(['from everybody', 'to everybody']);
});

test('limits the number of addresses of a port', () => {
  const { into, a, b, c } = three();
  const claimed = (index: number): string => `52:54:01:00:${hex(index >> 8)}:${hex(index & 0xff)}`;
  for (let index = 0; index < 2000; index++) into.receive(a, frame(EVERYBODY, claimed(index), ''));
  b.got.length = c.got.length = 0;
  // The oldest are forgotten, so that frames for them are flooded; the newest are known.
  into.receive(b, frame(claimed(975), B, 'old'));
  into.receive(b, frame(claimed(976), B, 'new'));
  expect(c.got).toEqual(['old']);
  expect(a.got.slice(-2)).toEqual(['old', 'new']);
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

test('passes nothing between partitions, not even broadcasts, until they heal', () => {
  const { into, a, b, c } = three();
  into.receive(b, frame(EVERYBODY, B, 'here'));
  into.cut('a', 'b');
  into.receive(a, frame(B, A, 'known'));
  into.receive(a, frame(EVERYBODY, A, 'broadcast'));
  into.receive(b, frame(A, B, 'back'));
  expect(b.got).toEqual([]);
  expect(a.got).toEqual(['here']);
  expect(c.got).toEqual(['here', 'broadcast']);
  // A later machine with that name is cut off too.
  into.unplug(b);
  const again = new Wire('b', into);
  into.receive(a, frame(EVERYBODY, A, 'still cut'));
  expect(again.got).toEqual([]);
  into.heal();
  into.receive(a, frame(EVERYBODY, A, 'healed'));
  expect(again.got).toEqual(['healed']);
});

test('sends an answer to a broadcast only to the port that asked, and forwards the broadcast', () => {
  const into = new EthernetSwitch({
    answer: (asked) => frame(EVERYBODY, C, `re: ${asked.toString('latin1', 18)}`),
  });
  const [a, b] = [new Wire('a', into), new Wire('b', into)];
  into.receive(a, frame(EVERYBODY, A, 'question'));
  into.receive(b, frame(A, B, 'no question'));
  expect(a.got).toEqual(['re: question', 'no question']);
  expect(b.got).toEqual(['question']);
});

/** The contents of the packets of a pcap file, without the Ethernet header. */
function packetsOf(file: Buffer): string[] {
  const packets: string[] = [];
  for (let at = 24; at < file.length;) {
    const length = file.readUInt32LE(at + 8);
    expect(file.readUInt32LE(at + 12)).toBe(length);
    expect(Math.abs(file.readUInt32LE(at) - Date.now() / 1000)).toBeLessThan(60);
    expect(file.readUInt32LE(at + 4)).toBeLessThan(1_000_000);
    packets.push(file.toString('latin1', at + 16 + 14, at + 16 + length));
    at += 16 + length;
  }
  return packets;
}

async function readAll(capture: Capture): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of capture.file) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test('captures each frame once, also answers, or only those of one port', async () => {
  const into = new EthernetSwitch({
    answer: (asked) => (asked.includes('question') ? frame(A, C, 'answer') : undefined),
  });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Wire(name, into)) as [Wire, Wire, Wire];
  const [all, ofB] = [new Capture(undefined), new Capture('b')];
  for (const capture of [all, ofB]) into.capture(capture);
  into.receive(a, frame(EVERYBODY, A, 'question'));
  into.receive(b, frame(A, B, 'b to a'));
  into.receive(c, frame(A, C, 'c to a'));
  into.cut('b', 'c');
  into.receive(c, frame(B, C, 'blocked'));
  into.endCaptures();
  into.receive(a, frame(EVERYBODY, A, 'late'));
  const [everything, some] = [await readAll(all), await readAll(ofB)];
  // Magic number, version 2.4, longest packet, Ethernet: as tcpdump writes it.
  expect(everything.toString('hex', 0, 24)).toBe('d4c3b2a1020004000000000000000000' + '0000040001000000');
  expect(packetsOf(everything)).toEqual(['question', 'answer', 'b to a', 'c to a', 'blocked']);
  expect(packetsOf(some)).toEqual(['question', 'b to a']);
});

test('leaves packets out while 4 MiB wait for the reader of a capture', async () => {
  const { into, a } = three();
  const capture = new Capture(undefined);
  into.capture(capture);
  const large = frame(EVERYBODY, A, 'x'.repeat(60_000));
  for (let sent = 0; sent < 100; sent++) into.receive(a, large);
  expect(capture.file.readableLength).toBeLessThanOrEqual(4 * 1024 * 1024);
  into.endCaptures();
  expect(packetsOf(await readAll(capture))).toHaveLength(69);
});

class CountingCapture extends Capture {
  calls = 0;

  override record(from: string, recorded: StreamFrame): void {
    this.calls++;
    super.record(from, recorded);
  }
}

test('forgets a capture whose file is closed', async () => {
  const { into, a } = three();
  const capture = new CountingCapture(undefined);
  into.capture(capture);
  into.receive(a, frame(EVERYBODY, A, 'heard'));
  capture.file.destroy();
  await once(capture.file, 'close');
  into.receive(a, frame(EVERYBODY, A, 'unheard'));
  expect(capture.calls).toBe(1);
});

test('records nothing more for a reader that has stopped', async () => {
  const { into, a } = three();
  const capture = new Capture(undefined);
  into.capture(capture);
  for await (const _chunk of capture.file) break;
  into.receive(a, frame(EVERYBODY, A, 'unheard'));
  expect(capture.file.readableLength).toBe(0);
  into.endCaptures();
});
