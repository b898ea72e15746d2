import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  QmpClient,
  QmpClosedError,
  QmpCrashedError,
  QmpNoGreetingError,
  QmpProtocolError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
} from '../../../../src/qmp/index.ts';
import { type Peer, failureOf, negotiate, startStandIn } from '../qemu.ts';
import { awaitedLater } from '../../../until.ts';

function standIn(mode: string): Peer {
  return startStandIn('misbehaving-monitor.mjs', mode);
}

test('a peer that sends no greeting times out', async () => {
  await using peer = standIn('never-greets');
  const error = await failureOf(QmpClient.negotiate(peer.socket, { greetingTimeoutMs: 100 }));
  expect(error).toBeInstanceOf(QmpNoGreetingError);
  expect(peer.socket.destroyed).toBe(true);
});

test('a peer that speaks another protocol is detected at once', async () => {
  for (const mode of ['greets-garbage', 'greets-other']) {
    await using peer = standIn(mode);
    expect(await failureOf(negotiate(peer))).toBeInstanceOf(QmpProtocolError);
  }
});

test('out-of-band execution is not used if it is not offered', async () => {
  await using peer = standIn('no-oob');
  await using client = await negotiate(peer);
  expect(await failureOf(client.executeOutOfBand('query-yank'))).toBeInstanceOf(QmpStateError);
});

test('events before the greeting and during negotiation are kept', async () => {
  await using peer = standIn('early-events');
  await using client = await negotiate(peer);
  const listened: unknown[] = [];
  client.on('RESET', ({ data }) => listened.push(data));
  const events = client.events();
  const names: string[] = [];
  for await (const { event } of events) if (names.push(event) === 4) break;
  expect(names).toEqual(['STOP', 'RESUME', 'RESET', 'RESET']);
  expect(listened).toEqual([{ n: 1 }, { n: 2 }]);
});

test('a flood of events neither grows memory nor drops a rare event', async () => {
  await using peer = standIn('floods');
  await using client = await negotiate(peer);
  const events = client.events();
  await client.execute('query-status');
  expect(events.dropped).toBe(50_001 - 1024);
  expect((await events.next()).value).toMatchObject({ event: 'SHUTDOWN' });
});

test('a peer that exits gets no more commands, since QEMU may crash on them', async () => {
  await using peer = standIn('shuts-down');
  await using client = await negotiate(peer);
  await client.waitFor('SHUTDOWN');
  const held = failureOf(client.execute('query-status'));
  const quit = awaitedLater(client.execute('quit'));
  await client.executeOutOfBand('query-yank');
  expect(await held).toBeInstanceOf(QmpClosedError);
  expect(await quit).toEqual({});
  expect(client.trace.toJsonLines()).not.toMatch(/query-status|quit/);
});

test('a peer that pauses after SHUTDOWN is sent the held commands', async () => {
  await using peer = standIn('shuts-down-and-stands-still');
  await using client = await negotiate(peer);
  await client.waitFor('SHUTDOWN');
  const held = awaitedLater(
    Promise.all(Array.from({ length: 20 }, async () => client.execute('query-status'))),
  );
  const aborted = failureOf(client.execute('stop', undefined, { timeoutMs: 1 }));
  expect(await aborted).toBeInstanceOf(TimedOutError);
  await client.executeOutOfBand('query-yank');
  expect(await held).toEqual(Array.from({ length: 20 }, () => ({ status: 'running', running: true })));
  expect(client.trace.toJsonLines()).not.toContain('"stop"');
});

// These two wait for seconds.
test.concurrent('a process that lives after closing its monitor does not block the caller', async () => {
  await using peer = standIn('lives-after-closing');
  await using client = await negotiate(peer);
  const error = await failureOf(client.execute('query-status'));
  expect(error).toBeInstanceOf(QmpClosedError);
});

test.concurrent('a peer that announces its exit and does not exit gets the held commands later', async () => {
  await using peer = standIn('shuts-down');
  await using client = await negotiate(peer);
  await client.waitFor('SHUTDOWN');
  expect(await client.execute('query-status')).toMatchObject({ status: 'running' });
});

test('the last message of a peer is read, even if a command can no longer be written', async () => {
  await using peer = standIn('has-last-words');
  await using client = await negotiate(peer);
  const events = client.events('RESET');
  const first = failureOf(client.execute('query-status'));
  // Nothing is read meanwhile.
  while (!readFileSync(`/proc/${peer.process.pid}/stat`, 'latin1').includes(') Z '));
  const second = failureOf(client.execute('query-status'));
  expect(await first).toBeInstanceOf(QmpClosedError);
  expect(await second).toBeInstanceOf(QmpClosedError);
  expect((await events.next()).value).toMatchObject({ event: 'RESET' });
});

test('a reply that is cut off by a crash rejects with the crash', async () => {
  await using peer = standIn('truncates');
  await using client = await negotiate(peer);
  const error = await failureOf(client.execute('query-status'));
  expect(error).toBeInstanceOf(QmpCrashedError);
  expect(error).toMatchObject({ status: { exitCode: 7 } });
});

test('quit succeeds when the connection ends without a reply, other pending commands fail', async () => {
  await using peer = standIn('quits-without-reply');
  await using client = await negotiate(peer);
  const beside = failureOf(client.execute('query-status'));
  expect(await client.execute('quit')).toEqual({});
  expect(await beside).toBeInstanceOf(QmpClosedError);
});

test('a reply to a command that was not sent ends the connection', async () => {
  await using peer = standIn('lies-about-id');
  await using client = await negotiate(peer);
  expect(await failureOf(client.execute('query-status'))).toBeInstanceOf(QmpProtocolError);
  await client.closed;
});

test('an error without an id goes to the oldest command', async () => {
  await using peer = standIn('error-without-id');
  await using client = await negotiate(peer);
  const errors = await Promise.all(
    ['one', 'two', 'three'].map(async (name) => failureOf(client.execute(name))),
  );
  errors.forEach((error) => expect(error).toBeInstanceOf(QmpRefusedError));
  expect(errors).toMatchObject([{ command: 'one' }, { command: 'two' }, { command: 'three' }]);
});

test('a command without an answer times out by its own or the client’s limit', async () => {
  await using peer = standIn('answers-nothing');
  await using client = await QmpClient.negotiate(peer.socket, { timeoutMs: 50 });
  expect(await failureOf(client.execute('query-status'))).toMatchObject({ timeoutMs: 50 });
  const error = await failureOf(client.execute('query-status', {}, { timeoutMs: 20 }));
  expect(error).toBeInstanceOf(TimedOutError);
  expect(error).toMatchObject({ timeoutMs: 20 });
  expect(error.stack).toContain('misbehaving-monitor.test.ts');
});

test('replies that arrive byte by byte, over several lines, with keys in any order, are read', async () => {
  await using peer = standIn('one-byte-at-a-time');
  await using client = await negotiate(peer);
  expect(await client.execute('query-status')).toEqual({ status: 'ü€😀', running: true });
});
