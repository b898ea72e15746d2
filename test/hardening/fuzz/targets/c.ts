import fc from 'fast-check';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type ExecOptions, encodeCommand, parseCommand } from '../../../../src/guest/agent/command.ts';
import { FieldWriter, Operation, Tag, readFields } from '../../../../src/guest/agent/fields.ts';
import {
  FrameDecoder,
  FrameType,
  GarbageError,
  encodeFrame,
} from '../../../../src/guest/agent/agent-frame.ts';
import { mutatedBytes } from '../mutate.ts';
import { type FuzzTarget, bytesTarget, jsonTarget, must, same } from '../target.ts';
import { pieceOf } from './piece.ts';

const LINES = [
  '{"QMP": {"version": {}, "capabilities": []}}\r\n{"return": {}, "id": 1}\r\n',
  '{"return": {"status": "running", "running": true}, "id": 3}\r\n',
  '{"event": "RESUME", "timestamp": {"seconds": 1, "microseconds": 2}}\r\n',
  '{"error": {"class": "GenericError", "desc": "a \\"b\\" \\u00e9"}, "id": 2}\r\n',
  '{"event": "BLOCK_IO_ERROR", "data": {"nospace": true, "action": "stop", "a": [1, -2.5e3, null]}}\r\n',
  '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}\r\n',
  '{"return": {"status": "internal-error"}, "id": 3}\r\n',
  '{"event": "JOB_STATUS_CHANGE", "data": {"status": "concluded", "id": "vmlet-snapshot-load-1"}}\r\n',
  '{"event": "VSERPORT_CHANGE", "data": {"open": false, "id": "agent"}, "timestamp": {"seconds": 1, "microseconds": 2}}\r\n',
];
const WORDS = [
  '"event"',
  '"id": 3',
  '"return"',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\\u0041',
  ':',
  ',',
  '\r\n',
  '\n',
  '\t',
  '-0',
  '1e5',
  'true',
  'null',
  '\0',
  '\x7f',
  'é',
  '[['.repeat(40),
];

const json = pieceOf('keeper', 'json');
export const keeperJson = bytesTarget({
  name: 'keeper-json',
  what: "the keeper's JSON, against JavaScript's",
  expected: ['object', 'no object'],
  prepare: json.prepare,
  led: json.led,
  arbitrary: fc.oneof(
    mutatedBytes(
      LINES.map((line) => Buffer.from(line.trim().split('\r\n')[0] ?? '')),
      WORDS,
    ),
    fc
      .json({ depthSize: 'small', stringUnit: 'grapheme-ascii' })
      .map((text) => Buffer.from(`{"a": ${text}, "event":"x"}`)),
  ),
  async check(bytes) {
    const [verdict = '', ...members] = (await json.ask(bytes)).split('\n');
    const text = bytes.toString('latin1');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      must(verdict === 'no object', 'it takes what is no JSON');
      return verdict;
    }
    // Text that QEMU never writes may be rejected: unprintable bytes, and endless nesting.
    const plain =
      /^\{[\x20-\x7e\t]*$/.test(text) && (text.match(/[[{]/g)?.length ?? 0) < 60 && text.endsWith('}');
    if (plain) same(verdict, 'object', 'an object is none to it');
    if (verdict !== 'object') return verdict;
    const keys = [...text.matchAll(/"(?:[^"\\]|\\.)*"(?=[ \t]*:)/g)].map(([key]) => key);
    for (const member of members) {
      const [name = '', ...rest] = member.split(' ');
      // For a repeated key, JavaScript uses the last value.
      if (keys.filter((key) => key === `"${name}"`).length > 1 || keys.some((key) => key.includes('\\')))
        continue;
      same(
        JSON.parse(rest.join(' ')),
        (value as Record<string, unknown>)[name],
        `the member ${name} is another`,
      );
    }
    return verdict;
  },
});

const monitor = pieceOf('keeper', 'monitor');
const CUTS = 6;
export const keeperMonitor = bytesTarget({
  name: 'keeper-monitor',
  what: "the keeper's reading of QEMU's monitor",
  expected: ['heard', 'nothing'],
  prepare: monitor.prepare,
  led: monitor.led,
  arbitrary: mutatedBytes(
    [LINES.join(''), ...LINES].map((line) => Buffer.from(`\0${line}`)),
    [...LINES, ...WORDS],
  ),
  async check(bytes) {
    const cut = (bytes[0] ?? 0) % CUTS;
    const rest = bytes.subarray(1);
    const told = await monitor.ask(bytes);
    const whole = await monitor.ask(Buffer.concat([Buffer.of(0), rest]));
    same(told, whole, `cut in way ${cut}, other things are heard`);
    for (const line of told.split('\n')) {
      const [kind = '', ...words] = line.split(' ');
      if (kind === 'event' && words[0]?.startsWith('{')) JSON.parse(words.join(' '));
      if (kind === 'event' && words[0] === 'VMLET_COMMAND_FAILED') JSON.parse(words.slice(1).join(' '));
      if (kind === 'state') must(/^[a-z-]+$/.test(words.join(' ')), `the state ${words.join(' ')}`);
      must(/^(|event|state|note|ready|signal|report|stop|port|memory)$/.test(kind), `a line ${line}`);
    }
    return told === '' ? 'nothing' : 'heard';
  },
});

const options = pieceOf('keeper', 'options');
const COMMAND = [
  '--lock',
  '/l',
  '--record',
  '/r',
  '--ended',
  '/e',
  '--events',
  '/v',
  '--qemu-log',
  '/q',
  '--serial-log',
  '/s',
  '--console',
  '/c',
  '--serial',
  '/i',
  '--agent',
  '/g',
  '--runtime-directory',
  '/d',
  '--helper',
  'passt',
  '/p',
  '/a',
  '/o',
  '--paused',
  '--',
  '/usr/bin/qemu',
  '-S',
];
export const keeperOptions = bytesTarget({
  name: 'keeper-options',
  what: "the keeper's command line",
  expected: ['taken', 'refused'],
  prepare: options.prepare,
  led: options.led,
  arbitrary: mutatedBytes(
    [Buffer.from(COMMAND.join('\0'))],
    ['\0', '--helper\0', '--', '\0x\0/a\0/b\0/c', '--lock', `/${'x'.repeat(120)}`, '\0--paused'],
  ),
  async check(bytes) {
    const told = await options.ask(bytes);
    must(told.length > 0 && told.length < 600, `a problem of ${told.length} bytes`);
    return told.startsWith('taken /') ? 'taken' : 'refused';
  },
});

const REQUEST = encodeCommand(['ls', '-l'], {
  env: { A: 'b' },
  cwd: '/tmp',
  user: 'root',
  tty: { rows: 1, columns: 2, term: 'x' },
});
const FRAMES = [
  encodeFrame(FrameType.open, 0, 0, Buffer.alloc(12, 1)),
  encodeFrame(FrameType.request, 0, 1, REQUEST),
  encodeFrame(FrameType.data, 0, 1, Buffer.alloc(100, 'x')),
  encodeFrame(FrameType.end, 0, 1),
];

const frames = pieceOf('agent', 'frames');
export const agentFrames = bytesTarget({
  name: 'frames-at-both-ends',
  what: "frames: the agent's reading against the host's",
  expected: ['frames', 'garbage', 'nothing'],
  prepare: frames.prepare,
  led: frames.led,
  arbitrary: mutatedBytes(
    [Buffer.concat([Buffer.alloc(20), ...FRAMES]), ...FRAMES],
    [...FRAMES, 'VML\xf7', '\0\0', Buffer.from('564d4cf7', 'hex')],
  ),
  async check(bytes) {
    const told = (await frames.ask(bytes)).split('\n').slice(0, -1);
    const ours: string[] = [];
    try {
      for (const { type, flag, channel, payload } of new FrameDecoder().push(bytes)) {
        ours.push(`${type} ${flag} ${channel} ${payload.length}`);
      }
    } catch (error) {
      if (!(error instanceof GarbageError)) throw error;
      ours.push('garbage');
    }
    // The host gives up where the agent looks for the next frame.
    same(told.slice(0, ours.length), ours, 'the two ends see other frames');
    if (ours.at(-1) !== 'garbage') same(told, ours, 'the agent sees more frames');
    return ours.at(-1) === 'garbage' ? 'garbage' : ours.length > 0 ? 'frames' : 'nothing';
  },
});

const fields = pieceOf('agent', 'fields');
export const agentFields = bytesTarget({
  name: 'fields-at-both-ends',
  what: "bodies of requests: the agent's reading against the host's",
  expected: ['whole', 'malformed'],
  prepare: fields.prepare,
  led: fields.led,
  arbitrary: mutatedBytes(
    [
      REQUEST,
      new FieldWriter(Operation.configure)
        .text(Tag.link, '52:54:00:12:34:56')
        .u32(Tag.mtu, 9000)
        .u64(Tag.time, 5n)
        .toBuffer(),
    ],
    ['\0', '\x02\x01\0\0\0', '52:54:00:12:34:5', ':'],
  ),
  async check(bytes) {
    const told = (await fields.ask(bytes)).split('\n');
    const verdict = told.pop() ?? '';
    const read = readFields(bytes);
    same(verdict, read ? 'whole' : 'malformed', 'the two ends disagree about a body');
    for (const [tag, value] of read ?? []) {
      const line = told.findLast((one) => one.startsWith(`${tag} `)) ?? '';
      const [, length, text] = line.split(' ').map(Number);
      same(length, value.length, `the field ${tag} has another length`);
      const isText = value.indexOf(0) === value.length - 1 && value.length > 0;
      same(text, isText ? value.length - 1 : -1, `the text of field ${tag}`);
    }
    return verdict;
  },
});

interface Command {
  readonly argv: readonly string[];
  readonly options: ExecOptions;
}

const OPERATION_BYTES = new FieldWriter(Operation.exec).toBuffer().length;
const word = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '-', 'A=B', 'x'.repeat(500), '\ud800', '\0'),
);
const command = pieceOf('agent', 'command');
export const agentCommand: FuzzTarget = jsonTarget<Command>({
  name: 'commands-at-both-ends',
  what: 'commands, as the host writes them and the agent reads them',
  expected: ['same', 'refused'],
  prepare: command.prepare,
  arbitrary: fc.record({
    argv: fc.array(word, { maxLength: 5 }),
    options: fc.record(
      {
        env: fc.dictionary(fc.oneof(word, fc.constantFrom('PATH', 'TERM', 'HOME')), word, {
          maxKeys: 4,
          noNullPrototype: true,
        }),
        clearEnv: fc.boolean(),
        cwd: word,
        user: fc.constant('0'),
        tty: fc.record({ rows: fc.integer({ min: -1, max: 65_536 }), columns: fc.constant(80) }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  }),
  async check({ argv, options }) {
    let body: Buffer;
    try {
      body = encodeCommand(argv, parseCommand(argv, options));
    } catch (error) {
      if (error instanceof InvalidInputError) return 'refused';
      throw error;
    }
    const told = Buffer.from(await command.ask(body.subarray(OPERATION_BYTES)), 'latin1').toString('utf8');
    const environment = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
    const [first = '', ...rest] = told.split(/\n/);
    must(first.startsWith(`command in `) || (options.cwd ?? '').includes('\n'), `the agent said ${first}`);
    const expected = [...argv, ...environment].join('\n');
    must(
      `\n${rest.join('\n')}\n`.includes(`\n${expected}\n`),
      `${JSON.stringify(rest)} in place of ${JSON.stringify(expected)}`,
    );
    return 'same';
  },
});

const requests = pieceOf('agent', 'command');
export const agentRequests = bytesTarget({
  name: 'agent-requests',
  what: "requests to run a command, at the agent's end",
  expected: ['command', 'refused'],
  prepare: requests.prepare,
  led: requests.led,
  arbitrary: mutatedBytes(
    [REQUEST.subarray(OPERATION_BYTES)],
    ['\x02\x02\0\0a\0', '\x03\x04\0\0A=b\0', '\x05\x02\0\0' + '0\0', '\0'],
  ),
  check: async (bytes) => ((await requests.ask(bytes)).startsWith('command') ? 'command' : 'refused'),
});
