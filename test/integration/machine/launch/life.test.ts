import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { LaunchError } from '../../../../src/errors/index.ts';
import { launch } from '../../../../src/index.ts';
import type { RunningMachine } from '../../../../src/machine/running/running-machine.ts';

const directory = temporaryDirectory();

async function start(name: keyof typeof bootSectors, options: object = {}): Promise<RunningMachine> {
  const image = join(directory, `${name}.raw`);
  writeFileSync(image, bootSectors[name]);
  return launch({ image, until: 'running', net: 'none', memory: '32M', accel: 'tcg', ...options });
}

describe('the outcome of a machine', () => {
  it.each([
    ['powerOff', { kind: 'power-off', requested: false }],
    ['panic', { kind: 'panic' }],
    ['reset', { kind: 'reboot' }],
    ['tripleFault', { kind: 'reboot' }],
  ] as const)('%s', async (sector, outcome) => {
    await using machine = await start(sector);
    expect(await machine.ended).toEqual(outcome);
  });

  it('is host-quit after quit', async () => {
    await using machine = await start('hang');
    await machine.qmp.execute('quit');
    expect(await machine.ended).toEqual({ kind: 'host-quit' });
  });

  it('is host-reset after system_reset', async () => {
    await using machine = await start('hang');
    await machine.console.waitFor(/up/);
    await machine.qmp.execute('system_reset');
    expect(await machine.ended).toEqual({ kind: 'host-reset' });
  });

  it('is host-signal when another process terminates QEMU', async () => {
    await using machine = await start('spin');
    process.kill(machine.pid, 'SIGTERM');
    expect(await machine.ended).toEqual({ kind: 'host-signal' });
  });

  it('distinguishes vmlet’s SIGKILL from another process’s', async () => {
    await using first = await start('hang');
    expect(await first.kill()).toEqual({ kind: 'killed', signal: 'SIGKILL', expected: true });
    await using second = await start('hang');
    process.kill(second.pid, 'SIGKILL');
    expect(await second.ended).toEqual({ kind: 'killed', signal: 'SIGKILL', expected: false });
  });

  it('is qemu-crash after a segmentation fault', async () => {
    await using machine = await start('hang');
    process.kill(machine.pid, 'SIGSEGV');
    expect(await machine.ended).toMatchObject({ kind: 'qemu-crash', status: { signal: 'SIGSEGV' } });
  });

  it('is a LaunchError with QEMU’s output when QEMU does not start', async () => {
    const kernel = join(directory, 'no-kernel');
    writeFileSync(kernel, 'this is no kernel at all, only some text');
    const attempt = launch({ kernel, initrd: kernel, until: 'running', net: 'none', accel: 'tcg' });
    const error = await attempt.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(LaunchError);
    expect((error as LaunchError).message).toMatch(/did not start/);
    expect((error as LaunchError).qemuOutput.join()).toMatch(/kernel/);
    expect((error as LaunchError).hint).toMatch(/bzImage/);
  });
});

describe('stopping a machine', () => {
  it('reports the step that worked', async () => {
    await using deaf = await start('spin');
    expect(await deaf.stop({ timeoutMs: 1000 })).toEqual({ rung: 'quit', outcome: { kind: 'host-quit' } });
  });

  it('kills a QEMU that does not answer', async () => {
    await using machine = await start('spin');
    process.kill(machine.pid, 'SIGSTOP');
    const begin = performance.now();
    expect(await machine.stop({ timeoutMs: 1000 })).toEqual({
      rung: 'SIGKILL',
      outcome: { kind: 'killed', signal: 'SIGKILL', expected: true },
    });
    // The steps share the whole time; timers may fire some milliseconds early.
    expect(performance.now() - begin).toBeGreaterThan(950);
  });

  it('does nothing for a machine that has ended', async () => {
    await using machine = await start('powerOff');
    await machine.ended;
    expect((await machine.stop()).rung).toBeUndefined();
  });
});

describe('aborting', () => {
  it('ends a running machine', async () => {
    const controller = new AbortController();
    await using machine = await start('spin', { signal: controller.signal });
    controller.abort();
    expect(await machine.ended).toEqual({ kind: 'killed', signal: 'SIGKILL', expected: true });
  });

  it('ends a launch with the reason', async () => {
    const reason = new Error('changed my mind');
    await expect(start('spin', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const launching = start('spin', { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(launching).rejects.toBe(reason);
  });
});
