import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';
import { KeeperEndedError } from '../../../../src/errors/index.ts';
import { type StartedKeeper, keeperArguments } from '../../../../src/process/keeper.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { KeeperLab, sanitizedKeeper } from './keeper-lab.ts';

const MONITOR = join(import.meta.dirname, '../../../../fixtures/keeper/monitor.mjs');
const directory = temporaryDirectory();
let program: string, scope: Scope, lab: KeeperLab;

beforeAll(async () => {
  program = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
  lab = new KeeperLab(program, directory, scope);
});
afterEach(async () => {
  await scope.close();
  if (existsSync(lab.path('qemu.log'))) expect(lab.text('qemu.log')).not.toMatch(/Sanitizer|runtime error/);
});

const misbehave = (mode: string): StartedKeeper =>
  lab.start([process.execPath, MONITOR, mode, lab.path('requests')]);

function sentAfterShutdown(): string[] | undefined {
  if (!existsSync(lab.path('requests'))) return undefined;
  const after = lab.text('requests').split('"SHUTDOWN"\n')[1];
  return after
    ?.split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { execute: string }).execute);
}

async function quit(keeper: StartedKeeper): Promise<void> {
  process.kill(keeper.pid, 'SIGTERM');
  expect(await keeper.ended).toEqual({ exitCode: 0, signal: undefined });
}

describe('a keeper, built with sanitizers, of a QEMU that misbehaves', () => {
  it('does not mistake a guest’s text for an event or a state', async () => {
    const keeper = misbehave('quotes');
    await keeper.running;
    expect(lab.record().state).toBe('running');
    await quit(keeper);
    expect(lab.end()).toMatchObject({ fatalRunState: null, events: [], exitCode: 0 });
    expect(lab.events().map(({ event }) => event)).toEqual([
      'GUEST_CRASHLOADED',
      'VSERPORT_CHANGE',
      'RESUME',
    ]);
  });

  it('skips garbage', async () => {
    const keeper = misbehave('garbage');
    await keeper.running;
    await quit(keeper);
    expect(lab.end().events).toEqual([]);
    expect(lab.events().map(({ event }) => event)).not.toContain('SHUTDOWN');
    expect(lab.text('qemu.log')).toContain('ignored a line that is not a JSON object');
  });

  it('skips lines of more than a megabyte, and reads what follows', async () => {
    const keeper = misbehave('long-lines');
    await keeper.running;
    await quit(keeper);
    const seen = [lab.path('events.ndjson.1'), lab.path('events.ndjson')];
    expect(seen.every((path) => statSync(path).size <= 1_100_000)).toBe(true);
    expect(
      lab
        .events()
        .filter(({ event }) => event === 'AFTER')
        .map(({ data }) => data?.['length']),
    ).toContain(3_000_000);
    expect(lab.text('qemu.log').match(/more than 1 MiB/g)).toHaveLength(2);
  });

  it('answers during a flood, and its log stays small', async () => {
    const keeper = misbehave('floods');
    await keeper.running;
    await until(() => existsSync(lab.path('events.ndjson.1')), { awaited: 'the log was set aside' });
    process.kill(keeper.pid, 'SIGUSR2');
    await keeper.ended;
    expect(statSync(lab.path('events.ndjson')).size).toBeLessThanOrEqual(1024 * 1024);
    expect(statSync(lab.path('events.ndjson.1')).size).toBeLessThanOrEqual(1024 * 1024);
    expect(lab.end()).toMatchObject({ signal: 9, sentSignal: 9 });
  });

  it('keeps the last events of a run, and the status', async () => {
    const keeper = misbehave('many-lives');
    expect(await keeper.ended).toEqual({ exitCode: 7, signal: undefined });
    const { events, exitCode } = lab.end();
    expect(exitCode).toBe(7);
    expect(events).toHaveLength(32);
    expect(events.at(-1)).toMatchObject({ event: 'SHUTDOWN', data: { reason: 'guest-shutdown' } });
    expect(events.at(-2)).toMatchObject({ event: 'WATCHDOG', data: { number: 99 } });
  });

  it('kills a machine in internal-error, and reports to its service that it has failed', () => {
    mkdirSync(lab.runtimeDirectory);
    const options = lab.options([process.execPath, MONITOR, 'internal-error', lab.path('requests')]);
    const { status, stdout } = spawnSync(program, keeperArguments(options), { encoding: 'utf8' });
    expect([status, stdout.split('\n').at(-2)]).toEqual([1, 'ended - 9']);
    expect(lab.end()).toMatchObject({ fatalRunState: 'internal-error', signal: 9, sentSignal: 9 });
  });

  it('records the start of a QEMU that stops answering before it runs', async () => {
    const command = [process.execPath, MONITOR, 'falls-silent', lab.path('requests')] as const;
    const keeper = lab.start(command, { paused: true });
    await keeper.negotiated;
    await until(() => lab.record().state === 'prelaunch', { awaited: 'it is written down' });
    process.kill(keeper.pid, 'SIGUSR2');
    expect(await keeper.ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
  });

  it('sends no more commands to a QEMU that is exiting, and hurries it with a signal', async () => {
    const keeper = misbehave('ends');
    await until(() => sentAfterShutdown() !== undefined, { awaited: 'the guest has powered off' });
    await until(() => lab.text('events.ndjson').includes('"none"'), { awaited: 'that is heard' });
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: undefined, signal: 'SIGTERM' });
    expect(sentAfterShutdown()).toEqual([]);
  });

  it('asks a halted guest for its status, and quits QEMU', async () => {
    const keeper = misbehave('ends-standing-still');
    await until(() => sentAfterShutdown()?.length === 1, { awaited: 'it is asked' });
    await quit(keeper);
    expect(sentAfterShutdown()).toEqual(['query-status', 'quit']);
  });

  it('reports that QEMU refuses to continue, and ends it', async () => {
    const keeper = misbehave('refuses');
    await expect(keeper.ended).rejects.toThrow(KeeperEndedError);
    await until(() => existsSync(lab.path('end.json')), { awaited: 'the end is written down' });
    expect(keeper.reports.find((report) => report.kind === 'failed')?.reason).toContain('not today');
    expect(lab.events()).toContainEqual(expect.objectContaining({ event: 'VMLET_COMMAND_FAILED' }));
  });

  it.each(['deaf', 'never-negotiates'])('ends a QEMU that is %s by a signal', async (mode) => {
    const keeper = misbehave(mode);
    await keeper.started;
    process.kill(keeper.pid, 'SIGTERM');
    expect(await keeper.ended).toEqual({ exitCode: undefined, signal: 'SIGTERM' });
    expect(lab.end()).toMatchObject({ negotiated: false, sentSignal: 15 });
  });
});
