import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ProcessStartError, StandstillError, TimedOutError } from '../../../src/errors/index.ts';
import { runInForeground } from '../../../src/process/foreground.ts';
import { run } from '../../../src/process/run.ts';
import { temporaryDirectory } from '../../directory.ts';
import { withoutDescriptors } from '../../without-descriptors.ts';
import { awaitedLater } from '../../until.ts';

const directory = temporaryDirectory();

const STANDSTILL_MS = 400;

describe('a program that is run to its end', () => {
  it('is killed when it stalls, whatever signals it ignores', async () => {
    const argv = ['sh', '-c', 'trap "" TERM INT; exec sleep 60'] as const;
    await expect(run([...argv], { standstillMs: STANDSTILL_MS })).rejects.toThrow(StandstillError);
  });

  it('is left alone while it computes, reads or writes', async () => {
    // A builtin loop of the shell: the watch cannot see the progress of a child that the shell waits for.
    const now = 'read now rest </proc/uptime; now=${now%.*}';
    const script = `${now}; end=$((now + 2)); while [ $now -lt $end ]; do ${now}; done; echo done`;
    const { stdout } = await run(['sh', '-c', script], { standstillMs: STANDSTILL_MS });
    expect(stdout.toString()).toBe('done\n');
  });

  it('is not waited for through children that hold its output open', async () => {
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

  it('keeps its output, however late it is read', async () => {
    const starve = (): void => {
      block(2000);
      setImmediate(() => block(1500));
    };
    await run(['true']);
    const both = awaitedLater(
      Promise.all([run(['echo'], { onStdout: starve }), run(['sh', '-c', 'sleep 1; echo out'])]),
    );
    await turn();
    // The first’s output and end are present at the check; the second’s end comes between, which needs another wait.
    block(500);
    const [, second] = await both;
    expect(second.stdout.toString()).toBe('out\n');
  });

  it('is killed when it prints more than the limit, even if it ignores a closed pipe', async () => {
    const script = 'trap "" PIPE; printf 12345; exec sleep 60';
    await expect(run(['sh', '-c', script], { maxBuffer: 4 })).rejects.toMatchObject({
      code: 'VMLET_COMMAND_FAILED',
      status: { exitCode: undefined, signal: 'SIGKILL' },
      stderr: "its output exceeded vmlet's limit of 4 bytes",
    });
    expect(String((await run(['printf', '12345'], { maxBuffer: 5 })).stdout)).toBe('12345');
  });

  it('succeeds or fails by its status, not by how much input it read', async () => {
    const input = Buffer.alloc(10_000_000, 'x');
    const script = 'head -c 1; exec 0<&-; exit 3';
    const { exitCode, stdout } = await run(['sh', '-c', script], { input, acceptedExitCodes: [3] });
    expect([exitCode, String(stdout)]).toEqual([3, 'x']);
    expect((await run(['cat'], { input })).stdout.equals(input)).toBe(true);
  });

  it('is killed on abort at any moment, and one signal kills any number of them', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', hear);
    const [first, later] = [new AbortController(), new AbortController()];
    const atOnce = run(['sleep', '60'], { signal: first.signal });
    first.abort(new Error('at once'));
    await expect(atOnce).rejects.toThrow('at once');
    let running = 0;
    const onStdout = (): void => {
      running += 1;
      if (running === 12) later.abort(new Error('later'));
    };
    const script = 'echo; exec sleep 60';
    const many = Array.from({ length: 12 }, async () =>
      run(['sh', '-c', script], { signal: later.signal, onStdout }).catch((reason: unknown) => reason),
    );
    expect(await Promise.all(many)).toEqual(many.map(() => new Error('later')));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });

  it('starts in the working directory even if that was removed', async () => {
    const before = process.cwd();
    const lost = join(directory, 'lost');
    mkdirSync(lost);
    process.chdir(lost);
    try {
      rmdirSync(lost);
      const { stdout } = await run(['readlink', '/proc/self/cwd']);
      expect(String(stdout)).toBe(`${lost} (deleted)\n`);
    } finally {
      process.chdir(before);
    }
  });

  it('fails to start if the host has no free descriptors, with no other effect', async () => {
    await run(['true']);
    const refused = new ProcessStartError('true');
    await withoutDescriptors(async () => {
      await expect(run(['true'])).rejects.toThrow(refused);
      await expect(runInForeground(['true'])).rejects.toThrow(refused);
      // An unhandled error would end this process.
      await turn();
    });
    await run(['true']);
  });
});

/** Simulates that this process gets no processor time. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
