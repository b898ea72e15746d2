import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  GuestCommandFailedError,
  GuestOutputError,
  GuestUnitError,
  InvalidInputError,
  MachineEndedError,
  WaitTimedOutError,
  launch,
} from '../../src/index.ts';
import { TestMachine } from '../../src/testing/index.ts';
import { awaitedLater } from '../until.ts';

/** Long enough for several checks, on a busy host too. */
const SHORT_MS = 3000;

async function failureOf(wait: Promise<unknown>): Promise<WaitTimedOutError> {
  return wait.then(
    () => expect.unreachable('the wait was to fail'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(WaitTimedOutError);
      return error as WaitTimedOutError;
    },
  );
}

describe('a machine under test', () => {
  let vm: TestMachine;
  beforeAll(async () => {
    vm = new TestMachine(await launch({ ports: ['80', '81'] }));
  });
  afterAll(async () => vm[Symbol.asyncDispose]());

  it('runs scripts, whose failure includes their output', async () => {
    const name = "it's $HOME";
    expect(await vm.sh`printf '%s\n' ${name} second`).toEqual({
      stdout: `${name}\nsecond`,
      stderr: '',
      lines: [name, 'second'],
    });
    expect((await vm.sh({ cwd: '/etc', env: { GREETING: 'hi' } })`pwd; echo $GREETING`).lines).toEqual([
      '/etc',
      'hi',
    ]);
    const failed = await vm.sh`echo to stderr >&2; false; echo not reached`.then(
      () => expect.unreachable(),
      (error: unknown) => error as GuestCommandFailedError,
    );
    expect(failed).toBeInstanceOf(GuestCommandFailedError);
    expect(failed.message).toContain('exited with status 1; stderr:\n  to stderr');
    expect((await vm.exec(['sh', '-c', 'exit 3'])).exitCode).toBe(3);
  });

  it('rejects output that is too long to be complete', async () => {
    const command = 'head -c 17000000 /dev/zero';
    await expect(vm.sh`head -c 17000000 /dev/zero`).rejects.toThrow(GuestOutputError);
    await expect(vm.waitFor.command(command)).rejects.toThrow(`"${command}" printed more than vmlet keeps`);
    expect((await vm.exec(['sh', '-c', command])).truncated).toBe(true);
  });

  it('writes files and their parent directories, and reads them', async () => {
    await vm.writeFile('/srv/deep/down', 'content\n', { mode: 0o700 });
    expect(await vm.readFile('/srv/deep/down', 'utf8')).toBe('content\n');
    expect((await vm.sh`stat -c %a /srv/deep/down`).stdout).toBe('700');
    await vm.waitFor.file('/srv/deep');
    await vm.waitFor.file('/srv/deep/down', { contains: /tent$/m });
    const [other, absent] = await Promise.all([
      failureOf(vm.waitFor.file('/srv/deep/down', { contains: 'more', timeoutMs: SHORT_MS })),
      failureOf(vm.waitFor.file('/srv/absent', { timeoutMs: SHORT_MS })),
    ]);
    expect(other.lastSeen).toBe('/srv/deep/down has 8 characters and ends in "content"');
    expect(absent.lastSeen).toMatch(/^\/srv\/absent in the guest: /);
  });

  it('waits for a port and for an answer, and reports which ports are open instead', async () => {
    const { message, attempts, stack } = await failureOf(vm.waitFor.port(80, { timeoutMs: SHORT_MS }));
    expect(message).toMatch(
      /^timed out after \d+\.\d s waiting for the guest to listen on tcp port 80 \(\d+ tries\); last seen: /,
    );
    expect(attempts).toBeGreaterThan(3);
    expect(stack).toContain('waits.test.ts');
    const outside = await failureOf(vm.waitFor.port(80, { from: 'host', timeoutMs: SHORT_MS }));
    expect(outside.lastSeen).toMatch(/:\d+.*(closed|refused|reset|ECONN|accepted)/);
    await vm.sh`mkdir -p /www; echo hello > /www/index.html; (sleep 0.3; httpd -h /www) >/dev/null 2>&1 &`;
    await vm.waitFor.port(80);
    await vm.waitFor.port(80, { from: 'host' });
    expect(await vm.waitFor.http(80, { body: 'hello' })).toEqual({ status: 200, body: 'hello\n' });
    expect(await (await fetch(vm.url(80))).text()).toBe('hello\n');
    const [other, page] = await Promise.all([
      failureOf(vm.waitFor.port(81, { timeoutMs: SHORT_MS })),
      failureOf(vm.waitFor.http(vm.url(80, '/absent'), { timeoutMs: SHORT_MS })),
    ]);
    expect(other.lastSeen).toMatch(/^the guest listens on .*:80\/tcp$/);
    expect(page.lastSeen).toMatch(/^status 404 with the body /);
    expect(() => vm.url(443)).toThrow(InvalidInputError);
    await vm.sh`
      printf 'start 10.0.2.50\nend 10.0.2.60\ninterface eth0\n' > /etc/udhcpd.conf
      mkdir -p /var/lib/misc; touch /var/lib/misc/udhcpd.leases
      udhcpd -f >/dev/null 2>&1 &`;
    await vm.waitFor.port(67, { protocol: 'udp' });
  });

  it('waits for lines of the console and of files, including earlier ones', async () => {
    await vm.sh`echo the 1st line > /dev/ttyS0; (sleep 0.3; echo the 2nd line > /dev/ttyS0) >/dev/null 2>&1 &`;
    expect(await vm.waitFor.log(/the \dst line/)).toMatch(/the 1st line/);
    expect(await vm.waitFor.log(/the 2nd/)).toMatch(/the 2nd line/);
    await vm.sh`printf 'one\ntwo\n' > /tmp/log`;
    expect(await vm.waitFor.log(/^t/, { file: '/tmp/log' })).toBe('two');
    const absent = await failureOf(vm.waitFor.log(/^three$/, { file: '/tmp/log', timeoutMs: SHORT_MS }));
    expect(absent.lastSeen).toContain('last line: two');
  });

  it('waits for commands, and reports their last output', async () => {
    await vm.sh`(sleep 0.3; touch /tmp/ready) >/dev/null 2>&1 &`;
    await vm.waitFor.command('test -e /tmp/ready');
    expect((await vm.waitFor.command(['echo', 'ok'], { stdout: /^ok$/m })).stdout).toBe('ok');
    const repeated = 'grep -q input && { test -e /tmp/again || { touch /tmp/again; false; }; }';
    await vm.waitFor.command(repeated, { input: 'input of each attempt' });
    const stream = Readable.from([Buffer.from('input')]) as unknown as string;
    await expect(vm.waitFor.command('cat', { input: stream })).rejects.toThrow(InvalidInputError);
    const [failed, missing] = await Promise.all([
      failureOf(vm.waitFor.command('echo not yet >&2; exit 4', { timeoutMs: SHORT_MS })),
      failureOf(vm.waitFor.command(['no-such-program'], { timeoutMs: SHORT_MS })),
    ]);
    expect(failed.lastSeen).toBe('it exited with status 4; stderr ends in "not yet"');
    expect(missing.lastSeen).toContain('the guest cannot run no-such-program');
  });

  it('reports at once that a guest without systemd has no units', async () => {
    await expect(vm.waitFor.unit('nginx')).rejects.toThrow(GuestUnitError);
    await expect(vm.waitFor.log(/x/, { journal: 'nginx' })).rejects.toThrow(GuestUnitError);
  });

  it('ends waits and scripts when the signal of the test aborts', async () => {
    const test = new AbortController();
    const mine = new TestMachine(vm.machine, { signal: test.signal });
    const waits = [mine.waitFor.port(9), mine.waitFor.log(/never/), mine.sh`sleep 100`];
    const reason = new Error('the test is over');
    test.abort(reason);
    await Promise.all(waits.map(async (wait) => expect(wait).rejects.toBe(reason)));
    await expect(mine.waitFor.port(9)).rejects.toBe(reason);
  });

  // The last: it ends the machine.
  it('ends every wait as soon as the machine ends', async () => {
    const waits = [vm.waitFor.port(9), vm.waitFor.log(/never/), vm.waitFor.command('sleep 100')];
    const ends = awaitedLater(
      Promise.all(waits.map(async (wait) => expect(wait).rejects.toThrow(MachineEndedError))),
    );
    await vm.exec(['poweroff', '-f']).catch(() => undefined);
    await vm.machine.ended;
    const begin = performance.now();
    await ends;
    expect(performance.now() - begin).toBeLessThan(15_000);
  });
});
