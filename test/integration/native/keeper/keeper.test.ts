import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';
import { KeeperEndedError } from '../../../../src/errors/index.ts';
import { keeperProgram } from '../../../../src/process/native/keeper-program.ts';
import {
  type ProcessIdentity,
  currentBootId,
  identifyProcess,
} from '../../../../src/process/procfs/identity.ts';
import { type StartedKeeper, signalKeeper } from '../../../../src/process/keeper.ts';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { KeeperLab, gone, residentBytes } from './keeper-lab.ts';

const directory = temporaryDirectory();
let scope: Scope, lab: KeeperLab;

beforeEach(() => {
  scope = new Scope();
  lab = new KeeperLab(keeperProgram(), directory, scope);
});
afterEach(async () => scope.close());

async function identities(
  keeper: StartedKeeper,
): Promise<{ keeper: ProcessIdentity; qemu: ProcessIdentity }> {
  const own = identifyProcess(keeper.pid);
  if (!own) throw new Error('the keeper is not there');
  return { keeper: own, qemu: { ...(await keeper.started), bootId: currentBootId() } };
}

const kinds = (keeper: StartedKeeper): string[] => keeper.reports.map(({ kind }) => kind);
const ok = { exitCode: 0, signal: undefined };

describe('the keeper of a machine', () => {
  it('records how the guest powered off, and leaves only that and the logs', async () => {
    const before = Date.now();
    const keeper = lab.boot('powerOff');
    expect(await keeper.ended).toEqual(ok);
    expect(kinds(keeper)).toEqual(['started', 'negotiated', 'running', 'ended']);
    const end = lab.end();
    expect(end).toMatchObject({
      version: 1,
      exitCode: 0,
      signal: null,
      sentSignal: null,
      negotiated: true,
      fatalRunState: null,
      events: [{ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } }],
    });
    expect(end.startedAt).toBeGreaterThanOrEqual(before);
    expect(end.endedAt).toBeGreaterThan(end.startedAt);
    expect(lab.events().map(({ event }) => event)).toEqual(['RESUME', 'SHUTDOWN']);
    expect(lab.text('serial.log')).toBe('off\n');
    expect(lab.text('qemu.log')).toBe('');
    expect(readdirSync(lab.directory).sort()).toEqual(
      [
        'end.json',
        'events.ndjson',
        'keeper.lock',
        'powerOff.raw',
        'qemu.log',
        'serial.log',
        'serial.log.times',
      ].sort(),
    );
  });

  it.each([
    ['panic', ['GUEST_PANICKED'], 'guest-panic'],
    ['reset', ['SHUTDOWN'], 'guest-reset'],
    ['tripleFault', ['SHUTDOWN'], 'guest-reset'],
  ] as const)('keeps the events of %s', async (sector, events, reason) => {
    const keeper = lab.boot(sector, { qemu: ['-no-reboot'] });
    expect(await keeper.ended).toEqual(ok);
    const seen = lab.end().events;
    expect(seen.map(({ event }) => event)).toEqual(expect.arrayContaining([...events]));
    expect(seen.at(-1)).toMatchObject({ event: 'SHUTDOWN', data: { reason } });
  });

  it('records the state of a guest that is paused by its panic', async () => {
    const keeper = lab.boot('panic', { qemu: ['-action', 'panic=pause'] });
    await keeper.negotiated;
    await until(() => lab.record().state === 'guest-panicked', { awaited: 'the state is known' });
  });

  it('continues after resets if they are allowed', async () => {
    const keeper = lab.boot('reset');
    await keeper.running;
    await until(() => lab.text('serial.log').split('reset').length > 3, {
      awaited: 'the guest was reset twice',
    });
    expect(lab.record().state).toBe('running');
    expect(lab.events().filter(({ event }) => event === 'RESET').length).toBeGreaterThan(1);
  });

  it('follows the run state in its record', async () => {
    const socket = join(directory, 'm.sock');
    const keeper = lab.boot('hang', {
      paused: true,
      qemu: ['-qmp', `unix:${socket},server=on,wait=off`],
    });
    const { keeper: own, qemu } = await identities(keeper);
    const name = ({ pid, startTime }: ProcessIdentity): object => ({ pid, startTime });
    expect(lab.record()).toMatchObject({
      version: 1,
      bootId: currentBootId(),
      keeper: name(own),
      qemu: name(qemu),
      helpers: {},
    });
    await until(() => lab.record().state === 'prelaunch', { awaited: 'the state is known' });
    expect(kinds(keeper)).not.toContain('running');
    const client = await QmpClient.connect(socket);
    await client.execute('cont');
    await keeper.running;
    expect(lab.record().state).toBe('running');
    await client.execute('stop');
    await until(() => lab.record().state === 'paused', { awaited: 'the record says so' });
    await client.close();
  });

  it('inherits nothing from its launcher, and is small', async () => {
    const keeper = lab.boot('hang');
    await keeper.running;
    const links = readdirSync(`/proc/${keeper.pid}/fd`).map((fd) =>
      readlinkSync(`/proc/${keeper.pid}/fd/${fd}`),
    );
    const own = links.filter((link) => !link.startsWith('socket:') && !link.startsWith(lab.directory));
    expect(own.sort()).toEqual(['/dev/null', 'anon_inode:[eventpoll]', 'anon_inode:[signalfd]']);
    expect(readlinkSync(`/proc/${keeper.pid}/cwd`)).toBe('/');
    const { qemu } = await identities(keeper);
    expect(readFileSync(`/proc/${qemu.pid}/environ`, 'latin1')).toBe('');
    const open = readdirSync(`/proc/${qemu.pid}/fd`).map((fd) => readlinkSync(`/proc/${qemu.pid}/fd/${fd}`));
    expect(open.filter((link) => /keeper\.lock|events|serial|run\.json/.test(link))).toEqual([]);
    expect(residentBytes(keeper.pid)).toBeLessThan(2 * 1024 * 1024);
  });

  it('rotates the logs of the last run, and appends to the console’s log', async () => {
    const first = lab.boot('powerOff');
    const { keeper: identity } = await identities(first);
    await first.ended;
    // It releases its lock a moment after it has reported the end.
    await gone(identity);
    await lab.boot('panic').ended;
    expect(lab.text('events.ndjson.1')).toContain('guest-shutdown');
    expect(lab.text('events.ndjson')).not.toContain('guest-shutdown');
    expect(existsSync(lab.path('qemu.log.1'))).toBe(true);
    expect(lab.text('serial.log')).toBe('off\npanic\n');
  });
});

describe('signals to a keeper', () => {
  it('press the power button, quit and kill', async () => {
    const keeper = lab.boot('hang');
    await keeper.running;
    const { keeper: own } = await identities(keeper);
    expect(signalKeeper(own, 'power-button')).toBe(true);
    await until(() => lab.events().some(({ event }) => event === 'POWERDOWN'), {
      awaited: 'the button is pressed',
    });
    expect(signalKeeper(own, 'quit')).toBe(true);
    expect(await keeper.ended).toEqual(ok);
    expect(lab.end().events).toMatchObject([
      { event: 'POWERDOWN' },
      { event: 'SHUTDOWN', data: { reason: 'host-qmp-quit' } },
    ]);
    await gone(own);
    expect(signalKeeper(own, 'quit')).toBe(false);
    expect(signalKeeper({ ...own, pid: process.pid }, 'kill')).toBe(false);

    const second = lab.boot('spin');
    await second.running;
    signalKeeper((await identities(second)).keeper, 'kill');
    expect(await second.ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
    expect(lab.end()).toMatchObject({ exitCode: null, signal: 9, sentSignal: 9 });
  });

  it('kill a QEMU that does not answer, after quit has failed', async () => {
    const keeper = lab.boot('spin');
    await keeper.running;
    const { keeper: own, qemu } = await identities(keeper);
    process.kill(qemu.pid, 'SIGSTOP');
    signalKeeper(own, 'quit');
    const hasTermWaiting = (): boolean => {
      const waiting = /^ShdPnd:\s+(\S+)$/m.exec(readFileSync(`/proc/${qemu.pid}/status`, 'utf8'))?.[1];
      return (BigInt(`0x${waiting}`) & (1n << 14n)) !== 0n;
    };
    await until(hasTermWaiting, { awaited: 'SIGTERM waits for QEMU' });
    signalKeeper(own, 'kill');
    await keeper.ended;
    expect(lab.end()).toMatchObject({ signal: 9, sentSignal: 9 });
  });

  it('of the terminal do nothing', async () => {
    const keeper = lab.boot('hang');
    await keeper.running;
    process.kill(keeper.pid, 'SIGHUP');
    process.kill(keeper.pid, 'SIGINT');
    process.kill(keeper.pid, 'SIGUSR1');
    await until(() => lab.events().some(({ event }) => event === 'POWERDOWN'), {
      awaited: 'the last one was heard',
    });
    expect(lab.record().state).toBe('running');
  });
});

describe('a killed process', () => {
  it('the keeper ends QEMU, its record stays, and the next keeper starts normally', async () => {
    const keeper = lab.boot('spin');
    await keeper.running;
    const { keeper: own, qemu } = await identities(keeper);
    process.kill(keeper.pid, 'SIGKILL');
    await gone(own);
    await gone(qemu);
    await expect(keeper.ended).rejects.toThrow(KeeperEndedError);
    expect(lab.record()).toMatchObject({ keeper: { pid: own.pid }, state: 'running' });
    expect(existsSync(lab.path('end.json'))).toBe(false);
    expect(await lab.boot('powerOff').ended).toEqual(ok);
  });

  it('QEMU is named in the final record', async () => {
    const keeper = lab.boot('spin');
    await keeper.running;
    process.kill((await identities(keeper)).qemu.pid, 'SIGKILL');
    expect(await keeper.ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
    expect(lab.end()).toMatchObject({ signal: 9, sentSignal: null, negotiated: true });
    expect(existsSync(lab.path('run.json'))).toBe(false);
    expect(existsSync(lab.runtimeDirectory)).toBe(false);
  });

  it('the launcher ends nothing else', async () => {
    const options = lab.options(lab.qemu('hang'));
    mkdirSync(lab.runtimeDirectory);
    const launcher = spawn(
      process.execPath,
      ['--import', 'tsx', 'fixtures/keeper/launcher.ts', keeperProgram(), JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [pid] = (await once(launcher.stdout, 'data')) as [Buffer];
    launcher.kill('SIGKILL');
    const keeper = identifyProcess(Number(pid.toString()));
    if (!keeper) throw new Error('the keeper is not there');
    scope.defer(() => void signalKeeper(keeper, 'kill'));
    await once(launcher, 'exit');
    await until(() => existsSync(lab.path('serial.log')) && lab.text('serial.log') === 'up\n', {
      awaited: 'the guest speaks',
    });
    await until(() => lab.record().state === 'running', { awaited: 'the record says that it runs' });
    expect(signalKeeper(keeper, 'quit')).toBe(true);
    await gone(keeper);
    expect(lab.end()).toMatchObject({ exitCode: 0 });
  });
});

describe('a keeper that fails', () => {
  it('because another one runs changes nothing', async () => {
    const first = lab.boot('hang');
    await first.running;
    const record = lab.text('run.json');
    const second = lab.boot('hang');
    const error = await second.running.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KeeperEndedError);
    expect(error).toMatchObject({ busy: true, reports: ['busy'] });
    expect(lab.text('run.json')).toBe(record);
    expect(existsSync(lab.path('qemu.log.1'))).toBe(false);
    const { text } = await lab.reader();
    expect(text()).toBe('');
    signalKeeper((await identities(first)).keeper, 'quit');
    await first.ended;
  });

  it('to execute QEMU reports why', async () => {
    const keeper = lab.start([join(directory, 'nothing-here')]);
    await expect(keeper.started).rejects.toMatchObject({
      code: 'VMLET_KEEPER_ENDED',
      reason: `${join(directory, 'nothing-here')}: No such file or directory`,
    });
    await until(() => !existsSync(lab.runtimeDirectory) && !existsSync(lab.path('run.json')), {
      awaited: 'it cleaned up',
    });
    expect(existsSync(lab.path('end.json'))).toBe(false);
  });

  it('because QEMU rejects its options reports QEMU’s status and output', async () => {
    const keeper = lab.boot('hang', { qemu: ['-device', 'no-such-device'] });
    await expect(keeper.running).rejects.toMatchObject({ status: { exitCode: 1 }, busy: false });
    expect(lab.end()).toMatchObject({ exitCode: 1, negotiated: false, events: [] });
    expect(lab.text('qemu.log')).toMatch(/no-such-device/);
  });

  it.each([
    ['a relative path', { recordPath: 'run.json' }, 'run.json: path must be absolute'],
    ['a long socket', { consolePath: `/${'x'.repeat(107)}` }, /socket path too long, at most 107 bytes$/],
  ])('to take %s reports it', async (_what, options, reason) => {
    const keeper = lab.boot('hang', options);
    await expect(keeper.running).rejects.toMatchObject({ reason: expect.stringMatching(reason) as string });
    rmSync(lab.runtimeDirectory, { recursive: true });
  });

  it('to write into its directory does not start the machine', async () => {
    const keeper = lab.boot('hang', { recordPath: '/proc/run.json' });
    await expect(keeper.started).rejects.toMatchObject({
      reason: expect.stringMatching(/^\/proc\/run\.json: /) as string,
    });
    expect(kinds(keeper)).toEqual(['failed']);
  });
});
