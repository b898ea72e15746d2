import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { plugProgram, switchProgram } from '../../../../src/process/native/network-programs.ts';
import { probeConfinement } from '../../../../src/process/probe/confinement-probe.ts';
import { identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { parseProcessStat } from '../../../../src/process/procfs/stat.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { gone } from '../keeper/keeper-lab.ts';
import { SwitchLab, confinedPlugOf, frame, mac, switchOf, withSwitch } from './switch-lab.ts';

const [A, B, C] = [mac(1), mac(2), mac(3)];
const parent = temporaryDirectory();
let scope: Scope, lab: SwitchLab;

beforeEach(() => {
  scope = new Scope();
  lab = new SwitchLab(parent, scope);
});
afterEach(async () => scope.close());

const names = async (): Promise<string[] | undefined> => (await lab.list())?.ports.map(({ name }) => name);

const isAsleep = (pid: number): boolean =>
  parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.state === 'S';

async function kill(pid: number): Promise<void> {
  const identity = identifyProcess(pid);
  process.kill(pid, 'SIGKILL');
  if (identity) await gone(identity);
}

describe('a switch', () => {
  it('is started by the first plug, and ends after the last port', async () => {
    expect(existsSync(lab.path('switch.sock'))).toBe(false);
    const [a, b] = [await lab.plug('a', A), await lab.plug('b', B)];
    expect(lab.switches()).toEqual([await lab.switchPid()]);
    a.socket.destroy();
    await until(async () => (await names())?.join() === 'b', { awaited: 'a port is left' });
    expect(await a.status()).toBe(0);
    b.socket.destroy();
    expect(await b.status()).toBe(0);
    await lab.isOver();
    expect(existsSync(lab.path('switch.sock'))).toBe(false);
    expect(lab.log).toBe('');
    expect(a.log + b.log).toBe('');
  });

  it('that waits for members accepts the next one', async () => {
    lab = new SwitchLab(parent, scope, { lingerMs: 60_000 });
    const a = await lab.plug('a', A);
    const pid = await lab.switchPid();
    a.socket.destroy();
    await a.status();
    expect(await names()).toEqual([]);
    await lab.plug('a', A);
    expect(await lab.switchPid()).toBe(pid);
  });

  it('is started only once by concurrent plugs', async () => {
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(numbers.map(async (number) => lab.begin(`m${number}`, mac(number + 1))));
    await until(async () => (await names())?.length === numbers.length, { awaited: 'all are plugged' });
    // The others have seen its lock and exited.
    await until(() => lab.switches().length === 1, { awaited: 'it is alone' });
    expect(lab.switches()).toEqual([await lab.switchPid()]);
  });

  it('ends even if no plug connects', async () => {
    lab = new SwitchLab(parent, scope, { lingerMs: 5000 });
    const argv = await lab.argv('a', A);
    const [program = '', ...rest] = switchOf(argv);
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    expect(first.toString()).toBe('ready\n');
    const second = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [word] = (await once(second.stdout, 'data')) as [Buffer];
    expect(word.toString()).toBe('busy\n');
    expect((await once(second, 'exit'))[0]).toBe(75);
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('ends at SIGTERM, and removes its socket', async () => {
    const a = await lab.plug('a', A);
    process.kill(await lab.switchPid(), 'SIGTERM');
    await until(() => a.ended, { awaited: 'the port is closed' });
    expect(await a.status()).toBe(0);
    await lab.isOver();
    expect(existsSync(lab.path('switch.sock'))).toBe(false);
  });

  it.each([
    { how: 'confined', options: {} },
    // vmlet-confine alone would leave nothing but the standard streams.
    { how: 'alone', options: { program: switchProgram() } },
  ])('inherits nothing from the plug, and outlives it: $how', async ({ options }) => {
    lab = new SwitchLab(parent, scope, options);
    const a = await lab.plug('a', A);
    await lab.plug('b', B);
    const pid = await lab.switchPid();
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    expect(/^PPid:\s+(\d+)$/m.exec(status)?.[1]).not.toBe(String(a.plug.pid));
    expect(readlinkSync(`/proc/${pid}/fd/0`)).toBe('/dev/null');
    expect(readlinkSync(`/proc/${pid}/fd/1`)).toBe(readlinkSync(`/proc/${pid}/fd/2`));
    // Standard streams, epoll, signals, lock, listener; two for each port.
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((path) => path.startsWith('pipe:'))).toEqual([]);
    expect(open.length).toBe(3 + 4 + 2 * 2);
    await kill(a.plug.pid ?? 0);
    await until(async () => (await names())?.join() === 'b', { awaited: 'its port is closed' });
    expect(await lab.switchPid()).toBe(pid);
  });
});

describe('after SIGKILL', () => {
  it('of the switch, plugs end, QEMUs are disconnected, and another switch serves them', async () => {
    const [a, b] = [await lab.plug('a', A), await lab.plug('b', B)];
    const pid = await lab.switchPid();
    await kill(pid);
    await until(() => a.ended && b.ended, { awaited: 'both see the end' });
    expect([await a.status(), await b.status()]).toEqual([0, 0]);
    expect(existsSync(lab.path('switch.sock'))).toBe(true);
    const [again, other] = [await lab.begin('a', A), await lab.begin('b', B)];
    await Promise.all([lab.hasPort(A), lab.hasPort(B)]);
    expect(await lab.switchPid()).not.toBe(pid);
    again.send(B, 'back');
    await other.gets('back');
  });

  it('of a plug, its QEMU is disconnected, and the others are not affected', async () => {
    const [a, b, c] = [await lab.plug('a', A), await lab.plug('b', B), await lab.plug('c', C)];
    await kill(a.plug.pid ?? 0);
    await until(() => a.ended, { awaited: 'it sees the end' });
    b.send(C, 'unharmed');
    await c.gets('unharmed');
    const again = await lab.plug('a', A);
    again.send(B, 'back');
    await b.gets('back');
    expect(c.contents()).toEqual(['unharmed']);
  });
});

describe('a hardware address', () => {
  it('that another port has is rejected once, with a reason, until that port is gone', async () => {
    const a = await lab.plug('a', A);
    const twin = await lab.begin('twin', A);
    await until(() => twin.log.includes('\n'), { awaited: 'the reason is there' });
    await lab.plug('b', B);
    expect(await names()).toEqual(['a', 'b']);
    expect(twin.log).toBe(`vmlet-plug: ${lab.directory}: a already has the MAC address ${A}\n`);
    // Its output waits, and nothing of it is lost.
    twin.send(B, 'first words');
    a.socket.destroy();
    await until(async () => (await names())?.includes('twin') === true, { awaited: 'it is plugged' });
    expect(await names()).toEqual(['b', 'twin']);
    expect(twin.log.split('\n').length).toBe(2);
  });

  it('is taken over from a connection that QEMU has closed', async () => {
    let a = await lab.plug('a', A);
    await lab.plug('b', B);
    const pid = await lab.switchPid();
    for (let time = 0; time < 20; time++) {
      // Its end comes after more than one read.
      process.kill(pid, 'SIGSTOP');
      a.socket.write(Buffer.concat(Array.from({ length: 40 }, () => frame(A, B, 'x', 4000))));
      a.socket.destroy();
      a = await lab.begin('a', A);
      const plug = a.plug.pid ?? 0;
      await until(() => existsSync(`/proc/${plug}/fd/4`) && isAsleep(plug), { awaited: 'it has asked' });
      process.kill(pid, 'SIGCONT');
      await lab.hasPort(A);
      expect(a.log).toBe('');
    }
  });
});

describe('a plug', () => {
  it('waits for a switch that cannot start, reports why, and is connected when it can', async () => {
    lab.write('member a');
    const a = await lab.begin('a', A);
    await until(() => a.log.includes('\n'), { awaited: 'the reason is there' });
    expect(a.log).toBe(
      `vmlet-plug: ${lab.directory}: the switch did not start; see switch.log in this directory\n`,
    );
    expect(lab.log).toContain('vmlet-switch: invalid table: table:1: expected: member NAME MAC ADDRESS\n');
    lab.write();
    await lab.hasPort(A);
    expect(a.log.split('\n').length).toBe(2);
  });

  it('that waits ends when QEMU disconnects', async () => {
    lab.write('nonsense');
    const a = await lab.begin('a', A);
    await until(() => a.log.includes('\n'), { awaited: 'it waits' });
    a.socket.destroy();
    expect(await a.status()).toBe(0);
  });

  it('waits for a switch that is stopped', async () => {
    await lab.plug('b', B);
    const pid = await lab.switchPid();
    process.kill(pid, 'SIGSTOP');
    const a = await lab.begin('a', A);
    const left = await lab.begin('c', C);
    left.socket.destroy();
    expect(await left.status()).toBe(0);
    process.kill(pid, 'SIGCONT');
    await lab.hasPort(A);
    a.send(B, 'x');
    await until(async () => (await names())?.sort().join() === 'a,b', { awaited: 'only two are left' });
  });

  it('reports that its program is missing', async () => {
    lab = new SwitchLab(parent, scope, {
      argv: (argv) => withSwitch(argv, ['/nonexistent']),
    });
    const a = await lab.begin('a', A);
    await until(() => a.log.includes('\n'), { awaited: 'the reason is there' });
    expect(lab.log).toContain('vmlet-plug: /nonexistent: No such file or directory\n');
  });

  it('reports a switch that says something else than that it is ready', async () => {
    const program = lab.path('hostile');
    writeFileSync(program, "#!/bin/sh\nprintf 'ready or not\\n'\n", { mode: 0o700 });
    lab = new SwitchLab(parent, scope, { argv: (argv) => withSwitch(argv, [program]) });
    const a = await lab.begin('a', A);
    await until(() => a.log.includes('\n'), { awaited: 'the reason is there' });
    expect(a.log).toContain('the switch did not start');
    // Nor is a part of the word enough.
    writeFileSync(program, '#!/bin/sh\nprintf r\n', { mode: 0o700 });
    const b = await lab.begin('b', B);
    await until(() => b.log.includes('\n'), { awaited: 'the reason is there' });
    expect(b.log).toContain('the switch did not start');
  });

  it('that has found its switch can start nothing, and sees only the directory', async () => {
    const { seccomp, namespaces } = await probeConfinement();
    const a = await lab.plug('a', A);
    const pid = a.plug.pid ?? 0;
    const isHere = (name: string): boolean =>
      readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`);
    expect(isHere('net')).toBe(!namespaces.net.usable);
    expect(isHere('mnt')).toBe(!namespaces.mount.usable);
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toMatch(
      seccomp.usable ? /^Seccomp:\t2$/m : /^Seccomp:\t0$/m,
    );
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    expect(words).toEqual([plugProgram(), lab.directory, 'a', A, '']);
    if (namespaces.mount.usable) expect(existsSync(`/proc/${pid}/root/etc`)).toBe(false);
    if (namespaces.mount.usable) expect(existsSync(`/proc/${pid}/root${lab.path('switch.sock')}`)).toBe(true);
  });

  it('ends when its switch has gone, so that another plug starts one', async () => {
    lab = new SwitchLab(parent, scope, { argv: confinedPlugOf });
    const a = await lab.begin('a', A);
    expect(await a.status()).toBe(0);
    expect(a.log).toBe('');
    expect(lab.switches()).toEqual([]);
  });

  it.each<{ readonly what: string; readonly change: (argv: readonly string[]) => readonly string[] }>([
    { what: 'no program', change: (argv) => argv.slice(0, argv.length - confinedPlugOf(argv).length) },
    {
      what: 'too few words of a switch',
      change: ([plug = '', start = '', path = '', , ...rest]) => [plug, start, path, '1', ...rest],
    },
    {
      what: 'a number that is none',
      change: ([plug = '', start = '', path = '', , ...rest]) => [plug, start, path, '1x', ...rest],
    },
    {
      what: 'a relative directory',
      change: ([plug = '', start = '', , ...rest]) => [plug, start, 'x', ...rest],
    },
    {
      what: 'a directory whose socket has more than 107 bytes',
      change: ([plug = '', start = '', , ...rest]) => [plug, start, `/${'x'.repeat(95)}`, ...rest],
    },
    { what: 'a name with a space', change: ([plug = '', , path = '']) => [plug, path, 'a b', A] },
    { what: 'words after the address', change: ([plug = '', , path = '']) => [plug, path, 'a', A, 'x'] },
  ])('rejects $what', async ({ change }) => {
    lab = new SwitchLab(parent, scope, { argv: change });
    const a = await lab.begin('a', A);
    expect(await a.status()).toBe(2);
    expect(a.log).toBe(
      'usage: vmlet-plug DIRECTORY NAME MAC\n' +
        '       vmlet-plug --start DIRECTORY COUNT SWITCH ARGUMENTS -- PROGRAM ARGUMENTS\n',
    );
  });

  it('rotates the log of switches when it is long', async () => {
    writeFileSync(lab.path('switch.log'), 'x'.repeat(70_000));
    await lab.plug('a', A);
    expect(lab.log).toBe('');
    expect(readFileSync(lab.path('switch.log.1'), 'latin1').length).toBe(70_000);
  });
});
