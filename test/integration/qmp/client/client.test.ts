import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  InvalidInputError,
  QmpClient,
  QmpClosedError,
  QmpConnectError,
  QmpCrashedError,
  QmpNoGreetingError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
} from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { Peer, failureOf, negotiate, qemuArgv, startQemu } from '../qemu.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { awaitedLater } from '../../../until.ts';

describe('on an inherited descriptor', () => {
  test('negotiates, runs commands and lists the features of this QEMU', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    expect(client.greeting.version.qemu.major).toBeGreaterThanOrEqual(7);
    expect(await client.execute('query-status')).toMatchObject({ running: false, status: 'prelaunch' });
    expect(await client.supports('query-status')).toBe(true);
    expect(await client.supports('query-nonsense')).toBe(false);
  });

  test('answers each of 500 pipelined commands with its own reply', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const names = Array.from({ length: 500 }, (_, index) => `node${index}`);
    await Promise.all(
      names.map(async (name) => client.execute('blockdev-add', { driver: 'null-co', 'node-name': name })),
    );
    const errors = await Promise.all(
      names.map(async (name) => failureOf(client.execute('blockdev-del', { 'node-name': `x${name}` }))),
    );
    errors.forEach((error, index) => expect(error.message).toContain(`xnode${index}`));
    expect(await client.execute('query-named-block-nodes', { flat: true })).toHaveLength(500);
  });

  test('passes an open file under a name while other commands run', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const file = await open('/dev/null', 'r');
    try {
      const [, ...others] = await Promise.all([
        client.passFile('one', file.fd),
        ...Array.from({ length: 20 }, async () => client.execute('query-status')),
      ]);
      expect(others).toHaveLength(20);
    } finally {
      await file.close();
    }
    await client.execute('closefd', { fdname: 'one' });
    expect((await failureOf(client.execute('closefd', { fdname: 'one' }))).message).toContain('one');
  });

  test('a file that cannot be passed is reported, and delays no command', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    for (let attempt = 0; attempt < 10; attempt++) {
      await failureOf(client.passFile('one', 9999));
    }
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' });
    await failureOf(client.execute('closefd', { fdname: 'one' }));
  });

  test('an error reply has its class, message, command and the caller’s stack', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    async function theCallerOfThis(): Promise<unknown> {
      return await client.execute('no-such-command', { one: 1 });
    }
    const error = await failureOf(theCallerOfThis());
    expect(error).toBeInstanceOf(QmpRefusedError);
    expect(error).toMatchObject({
      code: 'VMLET_QMP_REFUSED',
      errorClass: 'CommandNotFound',
      command: 'no-such-command',
    });
    expect(error.stack).toContain('theCallerOfThis');
  });

  test('keeps the traffic, also when QEMU has exited', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    await Promise.all([
      client.execute('query-status'),
      failureOf(client.execute('no-such-command', { one: 1 })),
    ]);
    await client.execute('quit');
    await client.closed;
    const messages = client.trace.messages();
    expect(messages[0]?.message).toHaveProperty('QMP');
    const sent = messages.filter(({ direction }) => direction === 'sent').map(({ message }) => message);
    expect(sent.map((message) => message['execute'])).toEqual([
      'qmp_capabilities',
      'query-status',
      'no-such-command',
      'quit',
    ]);
    const events = messages.map(({ message }) => message['event']).filter(Boolean);
    expect(events).toContain('SHUTDOWN');
    const refused = messages.find(({ message }) => 'error' in message);
    expect(refused).toMatchObject({
      direction: 'received',
      message: { error: { class: 'CommandNotFound' } },
    });
  });

  test('reads a reply of hundreds of kilobytes', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    expect((await client.execute('query-qmp-schema')).length).toBeGreaterThan(500);
  });

  test('arguments with any text and 64-bit integers arrive unchanged', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const size = 2n ** 62n + 512n;
    await client.execute('blockdev-add', { driver: 'null-co', 'node-name': 'big', size });
    const [node] = await client.execute('query-named-block-nodes');
    expect(node?.image['virtual-size']).toBe(size);
    const error = await failureOf(client.execute('blockdev-del', { 'node-name': 'ü€😀 "quoted"\n' }));
    expect(error.message).toContain('ü€😀 "quoted"');
  });

  test('rejects text that QEMU could not read, and stays usable', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const error = await failureOf(client.execute('blockdev-del', { 'node-name': 'half \ud800' }));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error.message).toContain('node-name');
    expect(await client.execute('query-status')).toMatchObject({ running: false });
  });

  test('reads pretty-printed JSON', async () => {
    await using qemu = new Peer(
      qemuArgv(
        '-machine',
        'none',
        '-chardev',
        'socket,id=q,fd=3',
        '-mon',
        'chardev=q,mode=control,pretty=on',
      ),
    );
    await using client = await negotiate(qemu);
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' });
    expect((await client.execute('query-qmp-schema')).length).toBeGreaterThan(500);
  });
});

describe('out of band', () => {
  test('overtakes a blocking command, with as many commands queued as the client allows', async () => {
    await using qemu = startQemu('-machine', 'q35', '-accel', 'tcg');
    await using client = await negotiate(qemu);
    qemu.process.kill('SIGSTOP');
    const order: string[] = [];
    const inBand = Array.from({ length: 20 }, async () =>
      client.execute('query-qmp-schema').then(() => order.push('in band')),
    );
    const outOfBand = client.executeOutOfBand('query-yank').then(() => order.push('out of band'));
    qemu.process.kill('SIGCONT');
    await Promise.all([...inBand, outOfBand]);
    expect(order).toHaveLength(21);
    expect(order.indexOf('out of band')).toBeLessThanOrEqual(8);
  });
});

describe('events', () => {
  test('are delivered to iterators, listeners and waits, before the reply of their command', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const order: string[] = [];
    client.on('STOP', (event) => order.push(event.event));
    const resumed = awaitedLater(client.waitFor('RESUME'));
    const events = client.events(['STOP', 'RESUME']);
    await client.execute('cont');
    await client.execute('stop');
    order.push('reply');
    expect((await resumed).data).toEqual({});
    expect(order).toEqual(['STOP', 'reply']);
    expect((await events.next()).value).toMatchObject({ event: 'RESUME' });
    expect((await events.next()).value).toMatchObject({ event: 'STOP' });
  });

  test('that came before the first subscription are delivered to it', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    await client.execute('cont');
    await client.execute('stop');
    await client.execute('query-status');
    expect((await client.waitFor('STOP', { timeoutMs: 60_000 })).event).toBe('STOP');
    // STOP now has a subscriber; RESUME still has none.
    await client.execute('query-status');
    const events = client.events();
    await client.execute('quit');
    const names: string[] = [];
    for await (const { event } of events) names.push(event);
    expect(names).toEqual(['RESUME', 'SHUTDOWN']);
  });

  test('a wait ends with its filter, its time limit, its signal and the connection', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const limited = await failureOf(client.waitFor('STOP', { timeoutMs: 20 }));
    expect(limited).toBeInstanceOf(TimedOutError);
    const abort = new AbortController();
    const aborted = failureOf(client.waitFor('STOP', { signal: abort.signal }));
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await aborted).toBe(reason);
    const never = failureOf(client.waitFor('SHUTDOWN', { where: ({ data }) => data.guest }));
    const shutdown = awaitedLater(
      client.waitFor('SHUTDOWN', { where: ({ data }) => data.reason === 'host-qmp-quit' }),
    );
    await client.execute('quit');
    expect((await shutdown).data.guest).toBe(false);
    expect(await never).toBeInstanceOf(QmpClosedError);
  });
});

describe('limits', () => {
  test('commands to a stopped QEMU time out, and work again once it is continued', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    qemu.process.kill('SIGSTOP');
    const failures = await Promise.all(
      Array.from({ length: 12 }, async () =>
        failureOf(client.execute('query-status', {}, { timeoutMs: 50 })),
      ),
    );
    for (const failure of failures) expect(failure).toBeInstanceOf(TimedOutError);
    qemu.process.kill('SIGCONT');
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' });
  });

  test('abort rejects with the reason, before sending, queued and in flight', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const reason = new Error('changed my mind');
    expect(await failureOf(client.execute('query-status', {}, { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
    qemu.process.kill('SIGSTOP');
    const abort = new AbortController();
    const failures = Array.from({ length: 12 }, async () =>
      failureOf(client.execute('query-status', {}, { signal: abort.signal })),
    );
    abort.abort(reason);
    for (const failure of await Promise.all(failures)) expect(failure).toBe(reason);
    qemu.process.kill('SIGCONT');
    expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' });
  });
});

describe('the end', () => {
  test('quit succeeds, iterators end, later calls are refused', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    const events = client.events();
    expect(await client.execute('quit')).toEqual({});
    const names: string[] = [];
    for await (const { event } of events) names.push(event);
    expect(names).toEqual(['SHUTDOWN']);
    await client.closed;
    const error = await failureOf(client.execute('query-status'));
    expect(error).toBeInstanceOf(QmpClosedError);
    expect(error).toMatchObject({ status: { exitCode: 0 } });
  });

  test('a killed QEMU rejects what is pending with its exit status', async () => {
    await using qemu = startQemu();
    await using client = await negotiate(qemu);
    qemu.process.kill('SIGSTOP');
    const pending = [failureOf(client.execute('query-status')), failureOf(client.waitFor('STOP'))];
    qemu.process.kill('SIGKILL');
    for (const error of await Promise.all(pending)) {
      expect(error).toBeInstanceOf(QmpCrashedError);
      expect(error).toMatchObject({ status: { signal: 'SIGKILL' } });
      expect(error.stack).toContain('client.test.ts');
    }
  });

  test('a QEMU that cannot start is reported with its own message', async () => {
    await using qemu = startQemu('-device', 'no-such-device');
    const error = await failureOf(negotiate(qemu).then(async (client) => client.waitFor('SHUTDOWN')));
    expect(error).toBeInstanceOf(QmpCrashedError);
    expect(error).toMatchObject({ status: { exitCode: 1 } });
    expect(error).toHaveProperty('stderr', [expect.stringContaining('no-such-device')]);
  });

  test('close leaves QEMU running, and rejects pending commands and later calls', async () => {
    await using qemu = startQemu();
    const client = await negotiate(qemu);
    qemu.process.kill('SIGSTOP');
    const pending = failureOf(client.execute('query-status'));
    await client.close();
    await client.close();
    expect(await pending).toBeInstanceOf(QmpClosedError);
    expect(await failureOf(client.execute('query-status'))).toBeInstanceOf(QmpStateError);
    qemu.process.kill('SIGCONT');
  });
});

describe('on a socket path', () => {
  let directory: string;
  let scope: Scope;
  beforeEach(() => {
    scope = new Scope();
    const made = makeTemporaryDirectory();
    directory = made.path;
    scope.defer(made.remove);
  });
  afterEach(async () => scope.close());

  async function startWithPath(path: string): Promise<Peer> {
    const qemu = startQemu('-qmp', `unix:${path},server=on,wait=off`);
    scope.defer(async () => qemu.scope.close());
    await negotiate(qemu);
    return qemu;
  }

  test('connects, and a second client is told why it gets no greeting', async () => {
    const path = join(directory, 'qmp');
    await startWithPath(path);
    await using first = await QmpClient.connect(path);
    expect(await first.execute('query-status')).toMatchObject({ status: 'prelaunch' });
    const error = await failureOf(QmpClient.connect(path, { greetingTimeoutMs: 200 }));
    expect(error).toBeInstanceOf(QmpNoGreetingError);
    expect(error).toHaveProperty('hint', expect.stringContaining('no other client'));
    await first.close();
    await using second = await QmpClient.connect(path);
    expect(await second.execute('query-status')).toMatchObject({ status: 'prelaunch' });
  });

  test('twenty simultaneous clients are served in turn, and one that times out gets an error', async () => {
    const path = join(directory, 'qmp');
    await startWithPath(path);
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        await using client = await QmpClient.connect(path);
        expect(await client.execute('query-status')).toMatchObject({ status: 'prelaunch' });
      }),
    );
    await using held = await QmpClient.connect(path);
    const late = Array.from({ length: 5 }, async () =>
      failureOf(QmpClient.connect(path, { greetingTimeoutMs: 200 })),
    );
    const problems = (await Promise.all(late)).map(({ message }) => message);
    expect(problems.join('\n')).toContain('too many waiting clients');
    expect(await held.execute('query-status')).toMatchObject({ status: 'prelaunch' });
  });

  test('a path that is too long, missing, stale or not a socket is explained', async () => {
    const tooLong = join(directory, 'x'.repeat(108));
    expect(await failureOf(QmpClient.connect(tooLong))).toBeInstanceOf(InvalidInputError);
    const missing = await failureOf(QmpClient.connect(join(directory, 'missing')));
    expect(missing).toBeInstanceOf(QmpConnectError);
    expect(missing.message).toContain('no such socket');
    const path = join(directory, 'stale');
    const qemu = await startWithPath(path);
    qemu.process.kill('SIGKILL');
    await qemu.process.exited;
    const stale = await failureOf(QmpClient.connect(path));
    expect(stale.message).toContain('connection refused');
    const noSocket = await failureOf(QmpClient.connect('/etc/passwd'));
    expect(noSocket).toBeInstanceOf(QmpConnectError);
  });

  test('abort ends the wait for a greeting', async () => {
    const path = join(directory, 'qmp');
    await startWithPath(path);
    const first = await QmpClient.connect(path);
    scope.defer(async () => first.close());
    const abort = new AbortController();
    const second = failureOf(QmpClient.connect(path, { signal: abort.signal }));
    const reason = new Error('no patience');
    setImmediate(() => abort.abort(reason));
    expect(await second).toBe(reason);
  });
});
