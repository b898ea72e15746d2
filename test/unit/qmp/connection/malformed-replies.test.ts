import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const GREETING =
  '{"QMP":{"version":{"qemu":{"micro":0,"minor":0,"major":10},"package":""},"capabilities":[]}}';
const nested = (open: string): string => `{"return":${open.repeat(1024)}`;

/** Each is the peer’s last message: it sends no line break, does not exit, and answers nothing more. */
const REPLIES: readonly (readonly [what: string, sent: string])[] = [
  // Not an object.
  ['a word', 'QEMU'],
  ['a closing brace', '}'],
  ['a comma', ','],
  ['a list', '[{"return":{}}]'],
  ['null', 'null'],
  ['a number', '1'],
  ['a string', '"return"'],
  ['a page', '<html>'],
  ['NUL', '\0'],
  ['a byte that is no UTF-8', '\xff'],
  ['a byte order mark', '\xef\xbb\xbf{"return":{}}'],
  // The first byte in an object.
  ['a bracket for a brace', '{]'],
  ['a byte that is no UTF-8, in an object', '{\xff'],
  ['a control character, in an object', '{\x01'],
  ['NUL, in an object', '{\0'],
  ['a brace in an object', '{{'],
  ['a comma first', '{,'],
  ['a colon first', '{:'],
  ['a number as a name', '{1'],
  ['a name without quotes', '{return'],
  ['a name in single quotes', "{'"],
  ['a comment', '{/'],
  ['another space than JSON’s', '{\xa0'],
  ['a vertical tab', '{\v'],
  // Names and values.
  ['a name alone', '{"return"}'],
  ['a name and a comma', '{"return",'],
  ['a name and a value without a colon', '{"return" 1'],
  ['an equals sign', '{"return"='],
  ['two colons', '{"return"::'],
  ['no value', '{"return":}'],
  ['a comma for a value', '{"return":,'],
  ['a bracket for a value', '{"return":]'],
  ['two values', '{"return":{} {'],
  ['a comma last', '{"return":{},}'],
  ['two commas', '{"return":{},,'],
  ['an object that ends as a list', '{"return":{}]'],
  ['a list that ends as an object', '{"return":[}'],
  ['a list that begins with a comma', '{"return":[,'],
  ['a list that ends with a comma', '{"return":[1,]'],
  ['a colon in a list', '{"return":["a":'],
  ['a comment for a value', '{"return"://'],
  // Numbers.
  ['a plus sign', '{"return":+'],
  ['a leading zero', '{"return":01'],
  ['a negative leading zero', '{"return":-01'],
  ['two signs', '{"return":--'],
  ['a sign alone', '{"return":-}'],
  ['no digit before the point', '{"return":.'],
  ['no digit behind the point', '{"return":1.}'],
  ['two points', '{"return":1.5.'],
  ['an exponent without digits', '{"return":1e}'],
  ['an exponent with a sign alone', '{"return":1e+,'],
  ['a broken exponent', '{"return":1e5.'],
  ['a hexadecimal number', '{"return":0x'],
  ['a digit separator', '{"return":1_'],
  ['NaN', '{"return":N'],
  ['Infinity', '{"return":I'],
  ['a negative infinity', '{"return":-I'],
  // Literals.
  ['True', '{"return":T'],
  ['half of true', '{"return":tru}'],
  ['half of false', '{"return":fals,'],
  ['falsE', '{"return":falsE'],
  ['nil', '{"return":ni'],
  ['undefined', '{"return":u'],
  ['nulls', '{"return":nulls'],
  // Strings.
  ['a line break in a string', '{"return":"a\n'],
  ['a tab in a string', '{"return":"\t'],
  ['NUL in a string', '{"return":"\0'],
  ['a control character in a name', '{"re\x1f'],
  ['an escape that is none', '{"return":"\\x'],
  ['an escaped line break', '{"return":"\\\n'],
  ['a short Unicode escape', '{"return":"\\u123"'],
  ['a Unicode escape in braces', '{"return":"\\u{'],
  ['single quotes', '{"return":\''],
  // JSON that is not a message.
  ['an empty object', '{}'],
  ['an object without a kind', '{"id":0}'],
  ['a message of another protocol', '{"jsonrpc":"2.0","result":{}}'],
  ['a reply and an error', '{"return":{},"error":{"class":"GenericError","desc":"x"}}'],
  ['a reply and an event', '{"return":{},"event":"STOP"}'],
  ['an error and an event', '{"error":{"class":"GenericError","desc":"x"},"event":"STOP"}'],
  ['an error that is null', '{"error":null}'],
  ['an error that is text', '{"error":"failed"}'],
  ['an error without a class', '{"error":{"desc":"x"}}'],
  ['an error without a description', '{"error":{"class":"GenericError"}}'],
  ['an error of numbers', '{"error":{"class":1,"desc":2}}'],
  ['an event without a name', '{"event":null}'],
  ['an event that is a number', '{"event":1}'],
  ['an event with a list', '{"event":"STOP","data":[]}'],
  ['an event with text', '{"event":"STOP","data":"x"}'],
  ['an event with null', '{"event":"STOP","data":null}'],
  ['an event at a number', '{"event":"STOP","timestamp":1}'],
  ['an event at a list', '{"event":"STOP","timestamp":[1,2]}'],
  ['an event at text', '{"event":"STOP","timestamp":{"seconds":"1","microseconds":2}}'],
  ['an event at a fraction', '{"event":"STOP","timestamp":{"seconds":1,"microseconds":0.5}}'],
  ['a greeting without a version', '{"QMP":{"capabilities":[]}}'],
  ['a greeting that is null', '{"QMP":null}'],
  // Messages of no known kind.
  ['a reply to another command', '{"return":{},"id":99}'],
  ['a reply to null', '{"return":{},"id":null}'],
  ['a reply to text', '{"return":{},"id":"0"}'],
  ['an error for another command', '{"error":{"class":"GenericError","desc":"x"},"id":99}'],
  // Answers of another type than the command’s.
  ['a list as a status', '{"return":[]}'],
  ['null as a status', '{"return":null}'],
  ['a status of numbers', '{"return":{"status":1,"running":1}}'],
  // Endless messages.
  ['objects that are nested too deep', nested('{"a":')],
  ['lists that are nested too deep', nested('[')],
];

let scope: Scope;
let path: string;
/** The actions of the next connection. */
let onConnection: (socket: Socket) => void;
const sockets = new Set<Socket>();

beforeAll(async () => {
  scope = new Scope();
  const directory = makeTemporaryDirectory();
  path = join(directory.path, 'monitor');
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  scope.defer(() => {
    server.close();
    directory.remove();
  });
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});
afterAll(async () => scope.close());

/** A client of a peer that behaves until it gets a command, and then sends `sent`. */
async function clientOf(sent: string, timeoutMs?: number): Promise<QmpClient> {
  onConnection = (socket) => {
    socket.write(`${GREETING}\r\n`);
    socket.on('data', (chunk) => {
      const negotiates = chunk.includes('qmp_capabilities');
      socket.write(negotiates ? '{"return":{}}\r\n' : Buffer.from(sent, 'latin1'));
    });
  };
  return QmpClient.negotiate(connect(path), { timeoutMs });
}

const HOUR_MS = 3_600_000;
const REFUSED = { code: 'VMLET_QMP_PROTOCOL' };

describe.each(REPLIES)('%s', (_, sent) => {
  test.each([
    ['without a time limit', undefined],
    ['with a limit of an hour', HOUR_MS],
  ])('is rejected at once, %s', async (_limit, timeoutMs) => {
    await using client = await clientOf(sent, timeoutMs);
    await expect(client.execute('query-status')).rejects.toMatchObject(REFUSED);
  });

  test('is rejected in place of a greeting', async () => {
    onConnection = (socket) => socket.write(Buffer.from(sent, 'latin1'));
    const options = { greetingTimeoutMs: HOUR_MS };
    await expect(QmpClient.negotiate(connect(path), options)).rejects.toMatchObject(REFUSED);
  });
});

test('a second greeting is rejected at once', async () => {
  await using client = await clientOf(GREETING);
  await expect(client.execute('query-status')).rejects.toMatchObject(REFUSED);
});

test('nothing after a rejected message is read', async () => {
  await using client = await clientOf('{]\n{"return":{"status":"running","running":true}}\n');
  const calls = [client.execute('query-status'), client.execute('query-status')];
  for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');
  await expect(client.execute('query-status')).rejects.toMatchObject(REFUSED);
});

describe('arguments', () => {
  const cycle: Record<string, unknown> = {};
  cycle['itself'] = cycle;

  test.each([
    ['a list', []],
    ['a number', 5],
    ['text', 'disk0'],
    ['null', null],
    ['a function', () => undefined],
    ['a symbol', Symbol('x')],
    ['a time', new Date(0)],
    ['a function in a field', { device: 'x', callback: () => undefined }],
    ['a nested function', { device: { list: [() => undefined] } }],
    ['a symbol in a field', { device: Symbol('x') }],
    ['a cycle', cycle],
  ])('rejects %s as arguments, and sends nothing', async (_, args) => {
    await using client = await clientOf('{"return":{}}');
    const execute = client.execute.bind(client) as (name: string, args: unknown) => Promise<unknown>;
    await expect(execute('cont', args)).rejects.toMatchObject({ code: 'VMLET_INVALID_INPUT' });
    expect(client.trace.toJsonLines()).not.toContain('"cont"');
  });

  test.each([5, '', null, undefined, '\ud800'])('rejects %j as a command', async (name) => {
    await using client = await clientOf('{"return":{}}');
    await expect(client.execute(name as string)).rejects.toMatchObject({ code: 'VMLET_INVALID_INPUT' });
  });

  test('omits only undefined values', async () => {
    await using client = await clientOf('{"return":{}}');
    await client.execute('cont', { a: undefined, b: null, c: [1n] } as never);
    expect(client.trace.toJsonLines()).toContain(JSON.stringify({ b: null, c: [1] }).slice(1, -1));
  });
});

describe('the time for the greeting', () => {
  const LIMIT_MS = 2_000;

  test('is for the negotiation too', async () => {
    onConnection = (socket) => setTimeout(() => socket.write(GREETING), 0.5 * LIMIT_MS);
    let late = false;
    const timer = setTimeout(() => (late = true), 1.4 * LIMIT_MS);
    const error: unknown = await QmpClient.negotiate(connect(path), { greetingTimeoutMs: LIMIT_MS }).catch(
      (reason: unknown) => reason,
    );
    clearTimeout(timer);
    expect(error).toMatchObject({ code: 'VMLET_TIMED_OUT', timeoutMs: LIMIT_MS });
    expect(late).toBe(false);
  });

  test('is reported as it was given', async () => {
    onConnection = () => undefined;
    await expect(QmpClient.connect(path, { greetingTimeoutMs: 250 })).rejects.toMatchObject({
      code: 'VMLET_QMP_NO_GREETING',
      message: expect.stringContaining('timed out after 0.25 s') as string,
    });
  });
});
