import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StandstillError, TimedOutError } from '../../../src/errors/index.ts';
import { run } from '../../../src/process/run.ts';

const STANDSTILL_MS = 400;

describe('a program that is run to its end', () => {
  it('is ended when it lives and does nothing, whatever signals it ignores', async () => {
    const argv = ['sh', '-c', 'trap "" TERM INT; exec sleep 60'] as const;
    await expect(run([...argv], { standstillMs: STANDSTILL_MS })).rejects.toThrow(StandstillError);
  });

  it('is left alone while it computes, reads or writes', async () => {
    const script = 'end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do :; done; echo done';
    const { stdout } = await run(['sh', '-c', script], { standstillMs: STANDSTILL_MS });
    expect(stdout.toString()).toBe('done\n');
  });

  it('is not waited for in what it leaves behind, which may hold its output open', async () => {
    const leaves = 'exec 4<&0; sleep 20 <&4 & echo $!';
    const first = await Promise.race([run(['sh', '-c', leaves]), delay(10_000)]);
    const pid = Number(first?.stdout.toString());
    expect(pid).toBeGreaterThan(1);
    process.kill(pid);

    const stays = 'sleep 20 & echo $!; wait';
    let words = '';
    const limit = run(['sh', '-c', stays], { timeoutMs: 300, onStdout: (chunk) => (words += String(chunk)) });
    await expect(Promise.race([limit, delay(10_000)])).rejects.toThrow(TimedOutError);
    process.kill(Number(words));
  });

  it('has said what it said, however long we had no processor to read it', async () => {
    const starve = (): void => {
      block(2000);
      setImmediate(() => block(1500));
    };
    const first = run(['echo'], { onStdout: starve });
    const second = run(['sh', '-c', 'sleep 1; echo out']);
    // The first's output and its end are there when we look; the second's end comes between the two, and then we wait again.
    block(500);
    await first;
    expect((await second).stdout.toString()).toBe('out\n');
  });
});

/** As if this process got no processor. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
