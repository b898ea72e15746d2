import { expect, test } from 'vitest';
import {
  type StreamFrame,
  parseHardwareAddress,
  streamFrame,
} from '../../../../src/network/ethernet/frame.ts';
import { EthernetSwitch, type SwitchPort } from '../../../../src/network/ethernet/switch.ts';

class Wire implements SwitchPort {
  readonly name: string;
  readonly got: string[] = [];

  constructor(name: string, into: EthernetSwitch) {
    this.name = name;
    into.plugIn(this);
  }

  deliver(frame: StreamFrame): void {
    this.got.push(frame.toString('latin1', 18));
  }
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
