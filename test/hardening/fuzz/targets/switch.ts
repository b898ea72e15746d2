import { DhcpServer } from '../../../../src/network/ethernet/dhcp-server.ts';
import {
  LENGTH_BYTES,
  type StreamFrame,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';
import { parseSubnet } from '../../../../src/network/ethernet/subnet.ts';
import { EthernetSwitch, type SwitchPort } from '../../../../src/network/ethernet/switch.ts';
import { dhcpRequest } from '../../../../fixtures/network/dhcp-request.ts';
import { mutatedBytes } from '../mutate.ts';
import { bytesTarget, must, same } from '../target.ts';
import { pieceOf } from './piece.ts';

/** The constants of fixtures/fuzz/switch.c. */
const MACS = ['52:54:00:12:34:56', '52:54:00:00:00:02', '52:54:00:00:00:03'];
const ADDRESSES = MACS.map((mac) => Buffer.from(mac.replaceAll(':', ''), 'hex'));
const [CLIENT = Buffer.alloc(0), OTHER = Buffer.alloc(0), THIRD = Buffer.alloc(0)] = ADDRESSES;
const SUBNET = parseSubnet('10.77.0.0/24');
const LONGEST = 65_536 + 18;

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

/** All complete frames before the first invalid length. */
function framesOf(bytes: Buffer): { readonly frames: StreamFrame[]; readonly broken: boolean } {
  const frames: StreamFrame[] = [];
  for (let at = 0; at + LENGTH_BYTES <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (length > LONGEST) return { frames, broken: true };
    if (at + LENGTH_BYTES + length > bytes.length) break;
    frames.push(bytes.subarray(at, at + LENGTH_BYTES + length));
    at += LENGTH_BYTES + length;
  }
  return { frames, broken: false };
}

/** The same frames through the in-process switch. */
function inProcess(frames: readonly StreamFrame[]): Buffer[] {
  const server = new DhcpServer({ subnet: SUBNET, address: SUBNET.first + 1 }, (hardware) =>
    hardware === CLIENT.toString('latin1') ? { address: SUBNET.first + 2, mtu: 1500 } : undefined,
  );
  const wire = new EthernetSwitch({ answer: (frame) => server.answer(frame) });
  const ports = ['one', 'other', 'third'].map(
    (name, index) => new RecordingPort(name, ADDRESSES[index] ?? CLIENT),
  );
  for (const port of ports) wire.plugIn(port);
  wire.cut('one', 'third');
  const [one] = ports;
  for (const frame of frames) if (one) wire.receive(one, frame);
  return ports.map(({ got }) => Buffer.concat(got));
}

const unicast = (to: Buffer, from: Buffer): Buffer =>
  streamFrame(Buffer.concat([to, from, Buffer.from('0800', 'hex'), Buffer.alloc(50)]));
const DISCOVER = dhcpRequest({ type: 1, mac: MACS[0] ?? '' });
const REQUEST = dhcpRequest({ type: 3, mac: MACS[0] ?? '', requested: '10.77.0.2', server: '10.77.0.1' });
const FRAMES = [
  unicast(OTHER, CLIENT),
  unicast(THIRD, CLIENT),
  unicast(CLIENT, OTHER),
  unicast(Buffer.from('020000000009', 'hex'), CLIENT),
  unicast(OTHER, Buffer.from('020000000009', 'hex')),
  DISCOVER,
  REQUEST,
];

const frames = pieceOf('switch', 'frames');
export const switchFrames = bytesTarget({
  name: 'switch-frames',
  what: 'frames: the C switch against the one in this process',
  expected: ['answered', 'passed', 'nothing', 'broken'],
  prepare: frames.prepare,
  led: frames.led,
  arbitrary: mutatedBytes(
    [Buffer.concat([Buffer.alloc(1), ...FRAMES]), ...FRAMES.map((one) => Buffer.concat([Buffer.of(1), one]))],
    [...FRAMES, '\0\0\0\x0e', ...ADDRESSES, Buffer.from('ffffffffffff', 'hex')],
  ),
  async check(bytes) {
    const { frames: sent, broken } = framesOf(bytes.subarray(1));
    const expected = inProcess(sent);
    // Its output is limited.
    if (expected.reduce((sum, { length }) => sum + length, 0) > 1_000_000) return 'passed';
    let told = Buffer.from(await frames.ask(bytes), 'latin1');
    same(told.toString('latin1', 0, 1), broken ? '1' : '0', 'the port ends otherwise');
    told = told.subarray(1);
    for (const one of expected) {
      const [, length = ''] = / (\d+) /.exec(told.toString('latin1', 0, 20)) ?? [];
      const got = told.subarray(length.length + 2, length.length + 2 + Number(length));
      same(got.toString('hex'), one.toString('hex'), 'a port gets something else');
      told = told.subarray(length.length + 2 + Number(length));
    }
    const [back, passed] = expected;
    if (broken) return 'broken';
    if ((back?.length ?? 0) > 0) return 'answered';
    return (passed?.length ?? 0) > 0 ? 'passed' : 'nothing';
  },
});

const LINES = [
  'subnet 10.9.0.0/24 10.9.0.1',
  'mtu 9000',
  'member web 52:54:0a:09:00:02 10.9.0.2',
  'member db 52:54:0a:09:00:03 10.9.0.3 latency=20 loss=5000 bandwidth=1250000 mtu=1400',
  'member old 52:54:0a:09:00:04 -',
  'partition web,cache db',
  'partition web db,cache',
].map((line) => `${line}\n`);

const table = pieceOf('switch', 'table');
export const switchTable = bytesTarget({
  name: 'switch-table',
  what: "the switch's table of members and partitions",
  expected: ['taken', 'refused'],
  prepare: table.prepare,
  led: table.led,
  arbitrary: mutatedBytes(
    [LINES.join(''), ...LINES].map((text) => Buffer.from(text)),
    [...LINES, ' ', ',', '\n', '-', '/32', '=', 'x'.repeat(64), '255', '\0', 'a,b c '],
  ),
  async check(bytes) {
    const told = await table.ask(bytes);
    must(!told.includes('lost'), 'a member or a name is not found');
    if (told.startsWith('taken ')) return 'taken';
    must(/^table(:[1-9]\d*)?: [ -~]+$/.test(told), `the problem ${JSON.stringify(told)}`);
    must(!/["\\]/.test(told), 'a problem that JSON would have to escape');
    return 'refused';
  },
});

const REQUESTS = ['plug web 52:54:0a:09:00:02', 'list', 'reload', 'capture', 'capture web', 'end'].map(
  (words) => Buffer.from(`1 ${words}\n`),
);
const request = pieceOf('switch', 'request');
export const switchRequest = bytesTarget({
  name: 'switch-request',
  what: 'requests to the switch',
  expected: ['answered', 'refused', 'nothing'],
  prepare: request.prepare,
  led: request.led,
  arbitrary: mutatedBytes(REQUESTS, [...REQUESTS, ' ', '\n', '"', '2 ', '\0', 'x'.repeat(64)]),
  async check(bytes) {
    const told = await request.ask(bytes);
    const end = bytes.subarray(0, 256).indexOf('\n');
    same(told === '', end < 0, 'an answer without a request, or none to one');
    if (told === '') return 'nothing';
    const [line = ''] = told.split('\n');
    const answer = JSON.parse(line) as object;
    must('result' in answer !== 'error' in answer, 'no answer');
    return 'result' in answer ? 'answered' : 'refused';
  },
});
