import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { residentBytes, startAgent, temporaryFolder } from '../../../../fixtures/agent/agent-process.ts';
import { GuestCommandError } from '../../../../src/errors/index.ts';
import type { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import type { SupervisedProcess } from '../../../../src/process/supervise.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;
const program = agentProgram();
let guest: GuestAgent;
let agent: SupervisedProcess;

beforeEach(async () => {
  scope = new Scope();
  ({ guest, agent } = await startAgent(program, scope));
});
afterEach(async () => scope.close());

const MEBIBYTE = 1024 * 1024;
describe('streams', () => {
  test('100 MiB through stdout arrive byte for byte', async () => {
    // Distinct lines of 9 bytes.
    const command = guest.exec(['seq', '-w', '1', '11650845']);
    const received = createHash('sha256');
    let size = 0;
    for await (const chunk of command.stdout as AsyncIterable<Buffer>) {
      received.update(chunk);
      size += chunk.length;
    }
    const expected = createHash('sha256');
    const onHost = spawn('seq', ['-w', '1', '11650845'], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const chunk of onHost.stdout as AsyncIterable<Buffer>) expected.update(chunk);
    expect(size).toBe(11_650_845 * 9);
    expect((await command).exitCode).toBe(0);
    expect(received.digest('hex')).toBe(expected.digest('hex'));
  });

  test('100 MiB through stdin and back arrive byte for byte', async () => {
    const block = Buffer.from(Array.from({ length: MEBIBYTE }, (_, index) => (index * 7919) % 251));
    const sent = createHash('sha256');
    const command = guest.exec(['cat'], {
      input: (function* () {
        for (let count = 0; count < 100; count += 1) {
          const numbered = Buffer.from(block);
          numbered.writeUInt32LE(count, 0);
          sent.update(numbered);
          yield numbered;
        }
      })() as unknown as AsyncIterable<Uint8Array>,
    });
    const received = createHash('sha256');
    for await (const chunk of command.stdout as AsyncIterable<Buffer>) received.update(chunk);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  test('stdout and stderr of 200 commands at once do not mix', async () => {
    const script = 'i=0; while [ $i -lt 200 ]; do echo $0-$i; echo $0-$i >&2; i=$((i+1)); done; exit $1';
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, index) =>
        guest.exec(['sh', '-c', script, String(index), String(index % 100)]),
      ),
    );
    results.forEach(({ exitCode, stdout, stderr }, index) => {
      const expected = Array.from({ length: 200 }, (_, line) => `${index}-${line}\n`).join('');
      expect(exitCode).toBe(index % 100);
      expect(stdout.toString()).toBe(expected);
      expect(stderr.toString()).toBe(expected);
    });
  });

  test('more commands than the agent’s limit are rejected, and the others run', async () => {
    const commands = Array.from({ length: 300 }, () => guest.exec(['cat'], { stdin: 'pipe' }));
    // The agent answers in order: its rejections are known once it has answered this.
    await guest.ping();
    for (const command of commands) command.stdin.end('x');
    const results = await Promise.allSettled(commands);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(300 - 256);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(GuestCommandError);
      expect(reason).toMatchObject({ errno: 'EAGAIN', exitCode: 126 });
    }
    expect((await guest.exec(['true'])).exitCode).toBe(0);
  });

  test('a slow reader delays only its own command', async () => {
    const done = join(temporaryFolder(scope), 'done');
    const slow = guest.exec(['sh', '-c', `head -c ${16 * MEBIBYTE} /dev/zero; : > ${done}`]);
    const { stdout } = slow;
    await new Promise((resolve) => stdout.once('readable', resolve));
    const others = await Promise.all(
      Array.from({ length: 8 }, async () => guest.exec(['head', '-c', String(4 * MEBIBYTE), '/dev/zero'])),
    );
    expect(others.map((other) => other.stdout.length)).toEqual(Array.from({ length: 8 }, () => 4 * MEBIBYTE));
    expect(existsSync(done)).toBe(false);
    let size = 0;
    for await (const chunk of stdout as AsyncIterable<Buffer>) size += chunk.length;
    expect(size).toBe(16 * MEBIBYTE);
    expect((await slow).exitCode).toBe(0);
    expect(existsSync(done)).toBe(true);
  });

  test('a command that does not read its stdin delays nothing else', async () => {
    const stuck = guest.exec(['sleep', '1000'], { stdin: 'pipe' });
    stuck.stdin.write(Buffer.alloc(8 * MEBIBYTE));
    expect((await guest.exec(['cat'], { input: Buffer.alloc(MEBIBYTE) })).stdout.length).toBe(MEBIBYTE);
    expect(residentBytes(agent.pid)).toBeLessThan(8 * MEBIBYTE);
    stuck.kill('SIGKILL');
    expect(await stuck).toMatchObject({ signal: 'SIGKILL' });
  });

  test('the result is limited in size', async () => {
    const result = await guest.exec(['sh', '-c', 'head -c 5000000 /dev/zero; echo short >&2'], {
      maxBuffer: 1000,
    });
    expect(result).toMatchObject({ exitCode: 0, truncated: true });
    expect(result.stdout.length).toBe(1000);
    expect(result.stderr.toString()).toBe('short\n');
  });

  test('a stream with its own reader is not in the result', async () => {
    const command = guest.exec(['sh', '-c', 'echo out; echo err >&2']);
    const { stdout } = command;
    const result = await command;
    expect([result.stdout.toString(), result.stderr.toString()]).toEqual(['', 'err\n']);
    expect((await stdout.toArray()).join('')).toBe('out\n');
  });

  test('a reader that leaves does not stop the command', async () => {
    const command = guest.exec(['sh', '-c', `head -c ${4 * MEBIBYTE} /dev/zero; exit 5`]);
    for await (const chunk of command.stdout) {
      expect(chunk).toBeDefined();
      break;
    }
    expect((await command).exitCode).toBe(5);
  });

  test('a command that cannot start fails its streams too', async () => {
    const command = guest.exec(['no-such-program']);
    await expect(command.stdout.toArray()).rejects.toBeInstanceOf(GuestCommandError);
    await expect(command).rejects.toBeInstanceOf(GuestCommandError);
  });

  test('lines are delivered as they are written', async () => {
    const lines: string[] = [];
    for await (const line of guest.exec(['sh', '-c', 'printf "a\\nb\\n\\nc"'])) lines.push(line);
    expect(lines).toEqual(['a', 'b', '', 'c']);
  });
});
