import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  isRunning,
  sanitizedAgent,
  startListening,
  temporaryFolder,
} from '../../../../fixtures/agent/agent-process.ts';
import { Random } from '../../../../fixtures/agent/random.ts';
import { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { encodeCommand } from '../../../../src/guest/agent/command.ts';
import { FieldWriter, Operation, Tag } from '../../../../src/guest/agent/fields.ts';
import { FLAG_MORE, FrameType, encodeFrame } from '../../../../src/guest/agent/agent-frame.ts';
import { encodeOpen } from '../../../../src/guest/agent/greeting.ts';
import type { SupervisedProcess } from '../../../../src/process/supervise.ts';
import { Scope } from '../../../../src/util/scope.ts';

const SEEDS = [1, 2, 3, 4];
const ROUNDS = 150;
const suite = new Scope();
let program: string;
let folder: string;

beforeAll(async () => {
  folder = temporaryFolder(suite);
  program = await sanitizedAgent(folder);
});
afterAll(async () => suite.close());

/** Commands that stay harmless with single bytes changed, for they run on this machine. */
function requests(): Buffer[] {
  return [
    encodeCommand(['cat'], { stdin: 'pipe', cwd: folder }),
    encodeCommand(['head', '-c', '900000', '/dev/zero'], { cwd: folder, env: { A: 'b' } }),
    encodeCommand(['cat'], { tty: { rows: 1, columns: 1 }, cwd: folder, user: '65534' }),
    new FieldWriter(Operation.push).text(Tag.path, join(folder, 'pushed')).u32(Tag.mode, 0o600).toBuffer(),
    new FieldWriter(Operation.pull).text(Tag.path, program).toBuffer(),
    new FieldWriter(Operation.sync).toBuffer(),
    new FieldWriter(Operation.powerOff).toBuffer(),
    new FieldWriter(Operation.configure).text(Tag.hostname, 'x').toBuffer(),
  ];
}

function mutate(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
  return random.below(4) === 0 ? changed.subarray(0, random.below(changed.length + 1)) : changed;
}

function piece(random: Random): Buffer {
  const channel = 1 + random.below(12);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(random.pick([0, 1, 65536, 262144, 0xffffffff]));
  switch (random.below(12)) {
    case 0:
      return random.bytes(random.below(300));
    case 1:
      return encodeFrame(random.below(20), random.below(4), channel, random.bytes(random.below(40)));
    case 2:
      return mutate(encodeFrame(FrameType.data, 0, channel, random.bytes(50)), random);
    case 3:
      return encodeFrame(FrameType.credit, random.below(3), channel, number);
    case 4:
      return encodeFrame(FrameType.data, 0, channel, Buffer.alloc(random.below(32_000)));
    case 5:
      return encodeFrame(FrameType.signal, 0, channel, Buffer.from([random.below(70)]));
    case 6:
      return encodeFrame(
        random.pick([FrameType.end, FrameType.cancel, FrameType.resize]),
        0,
        channel,
        number,
      );
    case 7:
      return encodeFrame(FrameType.request, FLAG_MORE, channel, mutate(random.pick(requests()), random));
    case 8:
      return encodeOpen(random.bytes(8));
    case 9:
      return Buffer.alloc(random.below(40_000));
    default: {
      const body = random.pick(requests());
      return encodeFrame(FrameType.request, 0, channel, random.below(2) ? body : mutate(body, random));
    }
  }
}

async function pester(connection: Socket, random: Random): Promise<void> {
  connection.resume();
  connection.write(encodeOpen(random.bytes(8)));
  for (let count = 0; count < 60; count += 1) {
    const bytes = piece(random);
    const cut = random.below(bytes.length + 1);
    connection.write(bytes.subarray(0, cut));
    connection.write(bytes.subarray(cut));
    if (random.below(10) === 0) {
      // Resynchronized, so that the following bytes are parsed.
      const answer = once(connection, 'data');
      connection.write(Buffer.concat([Buffer.alloc(32_768), encodeOpen(random.bytes(8))]));
      await answer;
    }
  }
}

async function endQuietly(agent: SupervisedProcess): Promise<void> {
  agent.kill('SIGTERM');
  // The sanitizers look for leaks at the end, and have their own exit status.
  expect(await agent.exited, agent.output.last(60).join('\n')).toEqual({ exitCode: 0, signal: undefined });
}

describe('the agent, built with sanitizers,', () => {
  test.each(SEEDS)('survives everything a host may send (seed %i)', { timeout: 300_000 }, async (seed) => {
    await using scope = new Scope();
    const random = new Random(seed);
    const { agent, connect } = startListening(program, scope);
    for (let round = 0; round < ROUNDS; round += 1) {
      const connection = await connect();
      await pester(connection, random);
      if (random.below(2) === 0) connection.destroy();
      const guest = await GuestAgent.attach(connection.destroyed ? await connect() : connection, {
        timeoutMs: 60_000,
      });
      const { stdout } = await guest.exec(['cat'], { input: `round ${round}` });
      expect(stdout.toString()).toBe(`round ${round}`);
      await guest.close();
      expect(isRunning(agent.pid), agent.output.last(60).join('\n')).toBe(true);
    }
    await endQuietly(agent);
  });

  test('leaks nothing in normal use', async () => {
    await using scope = new Scope();
    const { agent, connect } = startListening(program, scope);
    const guest = await GuestAgent.attach(await connect(), { timeoutMs: 60_000 });
    await Promise.all(Array.from({ length: 40 }, async (_, index) => guest.exec(['echo', String(index)])));
    await guest.exec(['no-such-program']).catch(() => undefined);
    await guest.exec(['cat'], { tty: { rows: 1, columns: 1 }, input: 'x' });
    await guest.exec(['true'], { input: Buffer.alloc(1_000_000) });
    await guest.push(Buffer.alloc(1_000_000), join(folder, 'pushed'));
    await guest.readFile(join(folder, 'pushed'));
    await guest.sync();
    const left = guest.exec(['sleep', '1000'], { stdin: 'pipe' });
    left.stdin.write(Buffer.alloc(300_000));
    await guest.ping();
    await guest.close();
    await expect(left).rejects.toThrow();
    await endQuietly(agent);
  });
});
