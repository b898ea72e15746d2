import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuestAlarmError, type LaunchOptions, type Machine, launch } from '../../src/index.ts';
import { writeFailureBundle } from '../../src/testing/bundle/failure-bundle.ts';
import { GuestAlarm } from '../../src/testing/guests/guest-alarm.ts';
import { openDoors } from '../../src/testing/guests/guest-doors.ts';
import { TestMachine } from '../../src/testing/guests/test-machine.ts';
import { Scope } from '../../src/util/scope.ts';
import { temporaryDirectory } from '../directory.ts';
import { start } from '../e2e/command.ts';

const directory = temporaryDirectory();
const options: LaunchOptions = { memory: '128M', net: 'none', name: 'tested' };

async function alarmOf(work: Promise<unknown>): Promise<GuestAlarmError> {
  const error = await work.then(
    () => expect.unreachable('the alarm was to be raised'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GuestAlarmError);
  return error as GuestAlarmError;
}

describe('a guest that runs out of memory', () => {
  let machine: Machine;
  let error: GuestAlarmError;
  const bundle = join(directory, 'out-of-memory');
  const read = (file: string): string => readFileSync(join(bundle, 'vm%2F1', file), 'utf8');

  beforeAll(async () => {
    machine = await launch(options);
  });
  afterAll(async () => machine.kill());

  it('fails the test at once with the kernel’s line, unless that is expected', async () => {
    using expected = new GuestAlarm(machine, { expect: ['oom-kill'] });
    using alarm = new GuestAlarm(machine);
    alarm.throwIfRaised();
    const eater = machine.exec(['sh', '-c', 'x=a; while :; do x=$x$x; done & wait; sleep 1000']);
    error = await alarmOf(alarm.guard(eater));
    eater.kill('SIGKILL');
    expect(error).toMatchObject({ kind: 'oom-kill', code: 'VMLET_GUEST_ALARM', machine: machine.name });
    expect(error.lines.at(-1)).toMatch(/Out of memory: Killed process \d+ \(sh\)/);
    expect(error.message).toContain(error.lines.at(-1));
    expect(alarm.signal.reason).toBe(error);
    expect(() => alarm.throwIfRaised()).toThrow(error);
    expected.throwIfRaised();
    expect(expected.lines).toHaveLength(1);
    using late = new GuestAlarm(machine, { expect: [/total-vm:\d+kB/] });
    late.throwIfRaised();
    using unaware = new GuestAlarm(machine);
    expect(unaware.error?.kind).toBe('oom-kill');
  });

  it('fails a wait that begins after the alarm, and leaves no rejection unhandled', async () => {
    // Disposing it would end the machine.
    const vm = new TestMachine(machine);
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      expect((await alarmOf(vm.waitFor.port(80))).kind).toBe('oom-kill');
      // Node reports it after the microtasks.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('unhandledRejection', note);
      vm.alarm[Symbol.dispose]();
    }
    expect(unhandled).toEqual([]);
  });

  it('leaves a bundle with everything known about it', async () => {
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'of-the-last-run'), '');
    const written = await writeFailureBundle(
      { 'vm/1': { machine, origin: { kind: 'launch', options } } },
      bundle,
      { test: 'eats', error },
    );
    expect(readdirSync(directory)).toEqual(['out-of-memory']);
    expect(readdirSync(bundle).sort()).toEqual(['README.txt', 'vm%2F1']);
    const index = readFileSync(join(bundle, 'README.txt'), 'utf8');
    expect(index).toContain('Machines of the failed test "eats": vm/1 (tested)');
    expect(index).toContain(error.message);
    expect(written.missing.map(({ file }) => file)).toEqual(['vm%2F1/screen.png']);
    expect(index).toContain('vm%2F1/screen.png is missing: the machine has no screen');
    expect(read('console.log')).toContain('Out of memory: Killed process');
    // The console contains only the worst line; this one is less severe.
    expect(read('journal.log')).toMatch(/^\[.*\] oom-kill:constraint=/m);
    expect(read('qmp.ndjson')).toMatch(/"direction":"sent","message":\{"execute":"cont"/);
    expect(read('argv.sh')).toMatch(/^\/\S*qemu-system-x86_64 \\\n.* -nodefaults \\\n/s);
    expect(read('qemu.log')).toBe('');
    const { state, host, plan } = JSON.parse(read('machine.json')) as Record<string, unknown>;
    expect(state).toMatchObject({ status: 'running' });
    expect(host).toMatchObject({
      node: process.version,
      qemu: { qemu: { major: expect.any(Number) as number } },
    });
    expect(plan).toMatchObject({ name: 'tested' });
    expect(read('reproduce.sh')).toContain('"memory": "128M"');
    const modes = ['', 'vm%2F1', 'vm%2F1/console.log', 'vm%2F1/reproduce.sh'].map((path) =>
      (statSync(join(bundle, path)).mode & 0o777).toString(8),
    );
    expect(modes).toEqual(['700', '700', '600', '700']);
  });

  it('can be entered through a socket', async () => {
    const scope = new Scope();
    const { shell } = await openDoors(machine, scope);
    const person = start(['console', shell ?? expect.unreachable()], {
      input: 'echo in $((40 + 2)); exit\n',
    });
    expect((await person.finished).stdout).toContain('in 42\r\n');
    await scope.close();
  });

  it('that hangs delays the bundle only by its time limit, and the bundle names the missing parts', async () => {
    process.kill(machine.pid, 'SIGSTOP');
    try {
      const begin = performance.now();
      const { missing } = await writeFailureBundle({ vm: { machine } }, bundle, {
        timeoutMs: 2000,
        mostBytes: 40,
      });
      expect(performance.now() - begin).toBeLessThan(10_000);
      expect(Object.fromEntries(missing.map(({ file, why }) => [file, why]))).toEqual({
        'vm/journal.log': 'reading it timed out after 2 s',
        'vm/screen.png': 'reading it timed out after 2 s',
        'vm/reproduce.sh':
          "writeFailureBundle was called without this machine's origin (the options that created the machine)",
      });
      const kept = readFileSync(join(bundle, 'vm/console.log'), 'utf8');
      expect(kept).toHaveLength(40);
      expect(`${machine.console.last(1).join()}\n`.endsWith(kept)).toBe(true);
    } finally {
      process.kill(machine.pid, 'SIGCONT');
    }
  });
});

describe('a guest that panics', () => {
  it('fails the test, and leaves a bundle when it has ended', async () => {
    await using machine = await launch(options);
    using alarm = new GuestAlarm(machine);
    using expected = new GuestAlarm(machine, { expect: [/sysrq triggered crash/] });
    const error = await alarmOf(alarm.guard(machine.exec(['sh', '-c', 'echo c > /proc/sysrq-trigger'])));
    expect(error.kind).toBe('panic');
    expect(error.lines.at(-1)).toMatch(/Kernel panic - not syncing: sysrq triggered crash$/);
    expect(await machine.ended).toEqual({ kind: 'panic' });
    const bundle = join(directory, 'panic');
    const { missing } = await writeFailureBundle({ vm: { machine } }, bundle, { error });
    expect(missing.find(({ file }) => file === 'vm/journal.log')?.why).toBe(
      "the machine has ended: the guest's kernel panicked",
    );
    expect(readFileSync(join(bundle, 'vm/console.log'), 'utf8')).toContain('sysrq_handle_crash');
    expect(readFileSync(join(bundle, 'vm/qmp.ndjson'), 'utf8')).toContain('GUEST_PANICKED');
    expected.throwIfRaised();
  });
});
