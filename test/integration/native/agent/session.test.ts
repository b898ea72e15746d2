import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  isRunning,
  openDescriptors,
  startListening,
  startOnPair,
  temporaryFolder,
} from '../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../until.ts';
import { GuestClosedError, GuestProtocolError, TimedOutError } from '../../../../src/errors/index.ts';
import { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { FrameDecoder, FrameType, encodeFrame } from '../../../../src/guest/agent/agent-frame.ts';
import { decodeHello, encodeOpen } from '../../../../src/guest/agent/greeting.ts';
import type { GuestProcess } from '../../../../src/guest/agent/process.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;
const program = agentProgram();
const limits = { timeoutMs: 30_000 };

beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => scope.close());

/** A command that ignores SIGHUP and SIGTERM, and its pid. */
async function startStubborn(guest: GuestAgent): Promise<{ pid: number; command: GuestProcess }> {
  const file = join(temporaryFolder(scope), 'pid');
  const command = guest.exec([
    'sh',
    '-c',
    `trap "" HUP TERM; echo $$ > ${file}; while :; do sleep 0.1; done`,
  ]);
  const read = (): string => readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  await until(() => read().endsWith('\n'), { awaited: 'the command has written its pid' });
  return { pid: Number(read()), command };
}

/** The processes with this word in their command line. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word);
    } catch {
      // It ended meanwhile.
      return false;
    }
  });
}

describe('attach', () => {
  test('recognizes the agent by its greeting', async () => {
    const { connection } = startOnPair(program, scope);
    const guest = await GuestAgent.attach(connection, limits);
    expect(guest.hello).toMatchObject({ version: 1, role: 'socket', reason: 'answer' });
    expect(guest.hello.uptimeMs).toBeGreaterThan(0);
    expect(await guest.ping()).toBeLessThan(10_000);
    await guest.close();
  });

  test('times out, points to the console and closes the connection', async () => {
    const { agent, connection } = startOnPair(program, scope);
    agent.kill('SIGSTOP');
    const failure = GuestAgent.attach(connection, { timeoutMs: 200 });
    await expect(failure).rejects.toBeInstanceOf(TimedOutError);
    await expect(failure).rejects.toMatchObject({ hint: expect.stringContaining('console') as string });
    expect(connection.listenerCount('data')).toBe(0);
    agent.kill('SIGCONT');
    const guest = await GuestAgent.attach(connection, limits);
    expect((await guest.exec(['true'])).exitCode).toBe(0);
  });

  test('can be aborted', async () => {
    const { agent, connection } = startOnPair(program, scope);
    agent.kill('SIGSTOP');
    const reason = new Error('enough');
    await expect(GuestAgent.attach(connection, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const attached = GuestAgent.attach(connection, { signal: controller.signal });
    controller.abort(reason);
    await expect(attached).rejects.toBe(reason);
    agent.kill('SIGCONT');
  });

  test('fails when the agent is gone', async () => {
    const { agent, connection } = startOnPair(program, scope);
    agent.kill('SIGKILL');
    await expect(GuestAgent.attach(connection, limits)).rejects.toBeInstanceOf(GuestClosedError);
    await expect(GuestAgent.attach(connection, limits)).rejects.toBeInstanceOf(GuestClosedError);
  });

  test('is rejected by an agent that speaks only another version', async () => {
    const { connection } = startOnPair(program, scope);
    const open = Buffer.from(encodeOpen(Buffer.from('12345678')));
    const payload = Buffer.from(open.subarray(16));
    payload.writeUInt16LE(2, 8);
    payload.writeUInt16LE(9, 10);
    connection.write(encodeFrame(FrameType.open, 0, 0, payload));
    const decoder = new FrameDecoder();
    const answer = await new Promise((resolve) => {
      connection.on('data', (chunk: Buffer) => {
        for (const frame of decoder.push(chunk)) {
          const hello = decodeHello(frame);
          if (hello?.reason === 'answer') resolve(hello);
        }
      });
    });
    expect(answer).toMatchObject({ version: 0, supported: { lowest: 1, highest: 1 } });
  });
});

describe('a session', () => {
  test('ends its commands when it ends, and the next host is served', async () => {
    const { agent, connect } = startListening(program, scope);
    const first = await GuestAgent.attach(await connect(), limits);
    const { pid, command } = await startStubborn(first);
    await first.close();
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
    await first.closed;
    const second = await GuestAgent.attach(await connect(), limits);
    expect((await second.exec(['echo', 'next'])).stdout.toString()).toBe('next\n');
    await until(() => !isRunning(pid), { awaited: 'the command of the first session is gone' });
    const descriptors = openDescriptors(agent.pid);
    await second.close();
    for (let round = 0; round < 50; round += 1) {
      const again = await GuestAgent.attach(await connect(), limits);
      again.exec(['cat'], { stdin: 'pipe' }).stdin.write('x');
      await again.ping();
      await again.close();
    }
    const last = await GuestAgent.attach(await connect(), limits);
    await until(
      async () => {
        await last.ping();
        return openDescriptors(agent.pid) === descriptors;
      },
      { awaited: 'nothing of them is left' },
    );
  });

  test('fails every call after its end', async () => {
    const { connection } = startOnPair(program, scope);
    const guest = await GuestAgent.attach(connection, limits);
    await guest.close();
    await guest.close();
    await guest.closed;
    expect(guest.failure).toBeInstanceOf(GuestClosedError);
    await expect(guest.exec(['true'])).rejects.toBeInstanceOf(GuestClosedError);
    await expect(guest.ping()).rejects.toBeInstanceOf(GuestClosedError);
    await expect(guest.push('x', '/tmp/x')).rejects.toBeInstanceOf(GuestClosedError);
    await expect(guest.readFile('/etc/passwd')).rejects.toBeInstanceOf(GuestClosedError);
    await expect(guest.sync()).rejects.toBeInstanceOf(GuestClosedError);
  });

  test('ends its commands when a new session replaces it on the same connection', async () => {
    const { connection } = startOnPair(program, scope);
    const first = await GuestAgent.attach(connection, limits);
    const { pid } = await startStubborn(first);
    // The tail of a frame that is never completed, as by a host that is killed while it writes.
    connection.write(encodeFrame(FrameType.data, 0, 1, Buffer.alloc(20_000, 1)).subarray(0, 9000));
    const second = await GuestAgent.attach(connection, limits);
    expect((await second.exec(['echo', 'x'])).stdout.toString()).toBe('x\n');
    await until(() => !isRunning(pid), { awaited: 'the command of the first session is gone' });
  });

  test('ends with a typed error when the agent is killed, and so do its commands', async () => {
    const { agent, connection } = startOnPair(program, scope);
    const guest = await GuestAgent.attach(connection, limits);
    const { pid, command } = await startStubborn(guest);
    agent.kill('SIGKILL');
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
    await guest.closed;
    await until(() => !isRunning(pid), { awaited: 'the command is gone' });
  });

  test('leaves no command that is just being started when the agent is killed', async () => {
    // Its own directory, so that processes of other tests are not counted.
    const seconds = String(1_000_000 + process.pid);
    for (let round = 0; round < 10; round += 1) {
      const { agent, connection } = startOnPair(program, scope);
      const guest = await GuestAgent.attach(connection, limits);
      const commands = Array.from({ length: 60 }, () => guest.exec(['sleep', seconds]));
      await guest.ping();
      agent.kill('SIGKILL');
      await Promise.all(commands.map(async (command) => expect(command).rejects.toThrow()));
      await agent.exited;
      await until(() => processesWith(seconds).length === 0, { awaited: 'the commands are gone' });
    }
  });

  test('ends on both sides when the agent receives garbage, and a new session works', async () => {
    const { connect } = startListening(program, scope);
    const connection = await connect();
    const guest = await GuestAgent.attach(connection, limits);
    const { pid, command } = await startStubborn(guest);
    connection.write('GET / HTTP/1.1\r\n\r\n');
    await expect(command).rejects.toBeInstanceOf(GuestProtocolError);
    await guest.closed;
    await until(() => !isRunning(pid), { awaited: 'the command is gone' });
    const next = await GuestAgent.attach(await connect(), limits);
    expect((await next.exec(['true'])).exitCode).toBe(0);
  });

  test.each([
    ['a request on a channel in use', [encodeFrame(FrameType.request, 0, 1, Buffer.from([1, 1, 0, 0, 5]))]],
    ['a request on channel 0', [encodeFrame(FrameType.request, 0, 0)]],
    ['a frame of an unknown type', [encodeFrame(99, 0, 1)]],
    ['too much credit', [encodeFrame(FrameType.credit, 1, 1, Buffer.from([255, 255, 255, 255]))]],
    ['an impossible signal', [encodeFrame(FrameType.signal, 0, 1, Buffer.from([200]))]],
    [
      'more input than it has credit for',
      Array.from({ length: 20 }, () => encodeFrame(FrameType.data, 0, 1, Buffer.alloc(32_000))),
    ],
  ])('ends when the host breaks the protocol by %s', async (_, frames) => {
    const { connection } = startOnPair(program, scope);
    const guest = await GuestAgent.attach(connection, limits);
    const command = guest.exec(['sleep', '1000'], { stdin: 'pipe' });
    await guest.ping();
    for (const frame of frames) connection.write(frame);
    await expect(command).rejects.toBeInstanceOf(GuestProtocolError);
  });

  test('does not change power or settings of the machine that it runs on', async () => {
    const { connection } = startOnPair(program, scope);
    const guest = await GuestAgent.attach(connection, limits);
    const all = [
      guest.powerOff(),
      guest.reboot(),
      guest.setClock(1000),
      guest.reseed(),
      guest.configure({ hostname: 'other' }),
      guest.configure({ hostRoot: true }),
    ];
    const refused = { code: 'VMLET_GUEST_REQUEST', errno: 'EPERM' };
    await Promise.all(all.map(async (request) => expect(request).rejects.toMatchObject(refused)));
    await guest.sync();
  });
});
