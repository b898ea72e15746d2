import fc from 'fast-check';
import { DhcpServer } from '../../../../src/network/ethernet/dhcp-server.ts';
import { FrameStream, FrameStreamError } from '../../../../src/network/ethernet/frame-stream.ts';
import {
  LONGEST_FRAME,
  type StreamFrame,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';
import { parseSubnet } from '../../../../src/network/ethernet/subnet.ts';
import { EthernetSwitch, type SwitchPort } from '../../../../src/network/ethernet/switch.ts';
import { mutatedBytes } from '../mutate.ts';
import { bytesTarget, must, same } from '../target.ts';

const CLIENT = Buffer.from('525400123456', 'hex');
const SUBNET = parseSubnet('10.77.0.0/24');
const SERVER = SUBNET.first + 1;

/** A DHCP request as a guest's client sends it (RFC 2131). */
function dhcp(type: number): Buffer {
  const message = Buffer.alloc(300);
  message.set([1, 1, 6, 0, 1, 2, 3, 4]);
  CLIENT.copy(message, 28);
  message.writeUInt32BE(0x63825363, 236);
  message.set([53, 1, type, 50, 4, 10, 77, 0, 2, 54, 4, 10, 77, 0, 1, 255], 240);
  const headers = Buffer.alloc(42);
  headers.fill(0xff, 0, 6);
  CLIENT.copy(headers, 6);
  headers.writeUInt16BE(0x0800, 12);
  headers.set([0x45, 0], 14);
  headers.writeUInt16BE(328, 16);
  headers.set([64, 17], 22);
  headers.writeUInt16BE(68, 34);
  headers.writeUInt16BE(67, 36);
  headers.writeUInt16BE(308, 38);
  return streamFrame(Buffer.concat([headers, message]));
}

const DISCOVER = dhcp(1);
const REQUEST = dhcp(3);
const UNICAST = streamFrame(
  Buffer.concat([Buffer.from('5254000000025254001234560800', 'hex'), Buffer.alloc(50)]),
);

function cut(bytes: Buffer, sizes: readonly number[]): { frames: StreamFrame[]; broken: boolean } {
  const stream = new FrameStream();
  const frames: StreamFrame[] = [];
  try {
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const size = sizes[index % sizes.length] ?? 1;
      frames.push(...stream.push(bytes.subarray(at, at + size)));
      at += size;
    }
  } catch (error) {
    if (!(error instanceof FrameStreamError)) throw error;
    return { frames, broken: true };
  }
  return { frames, broken: false };
}

class RecordingPort implements SwitchPort {
  readonly name: string;
  readonly card: string;
  readonly got: StreamFrame[] = [];
  constructor(name: string, card: Buffer) {
    this.name = name;
    this.card = card.toString('latin1');
  }
  deliver(frame: StreamFrame): void {
    this.got.push(frame);
  }
}

export const ethernetTarget = bytesTarget({
  name: 'ethernet',
  what: 'frames of private networks: read from a stream, forwarded, answered',
  expected: ['answered', 'passed', 'nothing', 'broken'],
  arbitrary: fc.oneof(
    mutatedBytes(
      [DISCOVER, REQUEST, Buffer.concat([UNICAST, DISCOVER, UNICAST, REQUEST])],
      [UNICAST, DISCOVER, '\0\0\0\x0e', Buffer.from('ffffffffffff', 'hex')],
    ),
    mutatedBytes([DISCOVER.subarray(4), REQUEST.subarray(4)]).map((frame) => streamFrame(frame)),
  ),
  check(bytes) {
    const whole = cut(bytes, [Math.max(1, bytes.length)]);
    const pieces = cut(bytes, [1, 2, 3, 100]);
    // Frames before an invalid length are only delivered in small chunks.
    if (!whole.broken) same(pieces, whole, 'cut otherwise, other frames come out');
    for (const frame of whole.frames)
      must(frame.length <= LONGEST_FRAME + 4, `a frame of ${frame.length} bytes`);
    const server = new DhcpServer({ subnet: SUBNET, address: SERVER }, (hardware) =>
      hardware === CLIENT.toString('latin1') ? { address: SUBNET.first + 2, mtu: 1500 } : undefined,
    );
    const wire = new EthernetSwitch({ answer: (frame) => server.answer(frame) });
    const one = new RecordingPort('one', CLIENT);
    const other = new RecordingPort('other', Buffer.from('525400000002', 'hex'));
    const third = new RecordingPort('third', Buffer.from('525400000003', 'hex'));
    for (const port of [one, other, third]) wire.plugIn(port);
    wire.cut('one', 'third');
    for (const frame of pieces.frames) wire.receive(one, frame);
    must(third.got.length === 0, 'a frame passes where the cable is cut');
    for (const answer of one.got) {
      const addresses = answer.toString('hex', 4, 4 + 14);
      must(
        answer.readUInt32BE(0) === answer.length - 4 && addresses.endsWith('0800'),
        'an answer that is no frame',
      );
      must(answer.length >= 4 + 42 + 300, 'an answer that is too short for some');
    }
    must(
      other.got.every((frame) => pieces.frames.includes(frame)),
      'a frame that nobody sent',
    );
    if (one.got.length > 0) return 'answered';
    return other.got.length > 0 ? 'passed' : whole.broken ? 'broken' : 'nothing';
  },
});
