import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../../../src/process/program.ts';
import { type SupervisedProcess, supervise } from '../../../../src/process/supervise.ts';
import {
  GuestAgentClient,
  QmpProtocolError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
  guestExec,
  readGuestFile,
  writeGuestFile,
} from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { type Peer, failureOf, startStandIn } from '../qemu.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { untilListening } from '../../../until.ts';

/** Commands that the real agent would apply to the machine that runs the tests. */
const HARMFUL = [
  'guest-shutdown',
  'guest-suspend-disk',
  'guest-suspend-ram',
  'guest-suspend-hybrid',
  'guest-set-time',
  'guest-fsfreeze-freeze',
  'guest-fsfreeze-freeze-list',
  'guest-set-user-password',
];

describe.skipIf(findProgram('qemu-ga') === undefined)(
  'the real agent (Debian package qemu-guest-agent)',
  () => {
    const scope = new Scope();
    let directory: string;
    let path: string;
    let agent: SupervisedProcess;

    beforeAll(async () => {
      const made = makeTemporaryDirectory();
      directory = made.path;
      scope.defer(made.remove);
      path = join(directory, 'agent');
      agent = supervise(
        ['qemu-ga', '-m', 'unix-listen', '-p', path, '-t', directory, '-b', HARMFUL.join(',')],
        { environment: { PATH: process.env['PATH'] ?? '' } },
        scope,
      );
      await untilListening(path);
    });
    afterAll(async () => scope.close());

    test('answers typed questions, with its clock in nanoseconds', async () => {
      await using client = await GuestAgentClient.connect(path);
      expect(await client.execute('guest-ping')).toEqual({});
      const { supported_commands: commands } = await client.execute('guest-info');
      expect(commands.find(({ name }) => name === 'guest-exec')).toMatchObject({ enabled: true });
      const difference = Number((await client.execute('guest-get-time')) / 1_000_000n) - Date.now();
      expect(Math.abs(difference)).toBeLessThan(60_000);
      const interfaces = await client.execute('guest-network-get-interfaces');
      expect(interfaces.map(({ name }) => name)).toContain('lo');
    });

    test('runs programs: streams, input, status, signal, truncation', async () => {
      await using client = await GuestAgentClient.connect(path);
      const plain = await guestExec(client, ['/bin/sh', '-c', 'cat; echo "$A" >&2; exit 3'], {
        input: Buffer.from([0, 255, 10]),
        environment: ['A=ü', 'PATH=/bin'],
      });
      expect(plain).toMatchObject({ exitCode: 3, signal: undefined, stdoutTruncated: false });
      expect([...plain.stdout]).toEqual([0, 255, 10]);
      expect(plain.stderr.toString()).toBe('ü\n');
      expect(await guestExec(client, ['/bin/sh', '-c', 'kill -9 $$'])).toMatchObject({
        exitCode: undefined,
        signal: 9,
      });
      const long = await guestExec(client, ['/bin/sh', '-c', 'head -c 17000000 /dev/zero']);
      expect(long).toMatchObject({ stdoutTruncated: true });
      expect(long.stdout.length).toBe(16 * 1024 * 1024);
      expect(await failureOf(guestExec(client, ['/no/such/program']))).toBeInstanceOf(QmpRefusedError);
    });

    test('times out, and can be aborted', async () => {
      await using client = await GuestAgentClient.connect(path);
      const late = ['/bin/sh', '-c', 'sleep 2'] as const;
      expect(await failureOf(guestExec(client, late, { timeoutMs: 50 }))).toBeInstanceOf(TimedOutError);
      const abort = new AbortController();
      const reason = new Error('enough');
      const running = failureOf(guestExec(client, late, { signal: abort.signal }));
      setImmediate(() => abort.abort(reason));
      expect(await running).toBe(reason);
      expect(await client.execute('guest-ping')).toEqual({});
    });

    test('writes and reads files of several chunks, and empty files', async () => {
      await using client = await GuestAgentClient.connect(path);
      const content = Buffer.alloc(2_500_000, 'äbc');
      await writeGuestFile(client, join(directory, 'file'), content);
      expect((await readGuestFile(client, join(directory, 'file'))).equals(content)).toBe(true);
      await writeGuestFile(client, join(directory, 'empty'), Buffer.alloc(0));
      expect(await readGuestFile(client, join(directory, 'empty'))).toHaveLength(0);
      expect(await failureOf(readGuestFile(client, join(directory, 'missing')))).toBeInstanceOf(
        QmpRefusedError,
      );
    });

    test('is synchronized again after a time-out, and after a client that left in the middle', async () => {
      await using client = await GuestAgentClient.connect(path);
      agent.kill('SIGSTOP');
      const late = await failureOf(client.execute('guest-get-host-name', {}, { timeoutMs: 50 }));
      expect(late).toBeInstanceOf(TimedOutError);
      expect(late.stack).toContain('guest-agent.test.ts');
      agent.kill('SIGCONT');
      expect(await client.execute('guest-ping')).toEqual({});
      await client.close();
      expect(await failureOf(client.execute('guest-ping'))).toBeInstanceOf(QmpStateError);
      await using next = await GuestAgentClient.connect(path);
      expect(await next.execute('guest-ping')).toEqual({});
    });

    test('a refused shutdown is an error', async () => {
      await using client = await GuestAgentClient.connect(path);
      expect(await failureOf(client.shutdown())).toBeInstanceOf(QmpRefusedError);
      expect(await client.execute('guest-ping')).toEqual({});
    });
  },
);

describe('an agent that misbehaves', () => {
  function standIn(mode: string): Peer {
    return startStandIn('misbehaving-agent.mjs', mode);
  }

  test('that does not answer times out', async () => {
    await using peer = standIn('silent');
    expect(await failureOf(GuestAgentClient.synchronize(peer.socket, { timeoutMs: 100 }))).toBeInstanceOf(
      TimedOutError,
    );
    expect(peer.socket.destroyed).toBe(true);
  });

  test('that still answers an earlier client is synchronized', async () => {
    await using peer = standIn('leftovers');
    await using client = await GuestAgentClient.synchronize(peer.socket);
    expect(await client.execute('guest-ping')).toEqual({});
  });

  test('that answers late does not answer the next request', async () => {
    await using peer = standIn('late');
    await using client = await GuestAgentClient.synchronize(peer.socket);
    expect(await failureOf(client.execute('guest-ping', {}, { timeoutMs: 50 }))).toBeInstanceOf(
      TimedOutError,
    );
    expect(await client.execute('guest-get-host-name')).toEqual({});
  });

  test('that prints garbage fails the request, not the connection', async () => {
    await using peer = standIn('garbage');
    await using client = await GuestAgentClient.synchronize(peer.socket);
    expect(await failureOf(client.execute('guest-get-osinfo'))).toBeInstanceOf(QmpProtocolError);
    expect(await client.execute('guest-ping')).toEqual({});
  });

  test('that shuts the guest down does not answer, or closes the connection', async () => {
    for (const mode of ['shuts-down', 'shuts-down-at-once']) {
      await using peer = standIn(mode);
      await using client = await GuestAgentClient.synchronize(peer.socket);
      await client.shutdown();
    }
  });
});
