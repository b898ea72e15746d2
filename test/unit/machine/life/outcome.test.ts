import { describe, expect, it } from 'vitest';
import {
  type LifeRecord,
  type MonitorEvent,
  decideOutcome,
  foldLifeEvent,
  noLifeEvents,
} from '../../../../src/machine/life/outcome.ts';

const exited = (exitCode: number): LifeRecord['status'] => ({ exitCode, signal: undefined });
const signalled = (signal: NodeJS.Signals): LifeRecord['status'] => ({ exitCode: undefined, signal });
const shutdown = (reason: string): MonitorEvent => ({ event: 'SHUTDOWN', data: { guest: true, reason } });

function outcome(events: MonitorEvent[], life: Partial<LifeRecord> = {}): ReturnType<typeof decideOutcome> {
  return decideOutcome({
    status: exited(0),
    negotiated: true,
    lastWords: [],
    events: events.reduce(foldLifeEvent, noLifeEvents),
    ...life,
  });
}

describe('decideOutcome', () => {
  it.each([
    ['the guest powers off', [shutdown('guest-shutdown')], {}, { kind: 'power-off', requested: false }],
    [
      'the guest follows its power button',
      [{ event: 'POWERDOWN' }, shutdown('guest-shutdown')],
      {},
      { kind: 'power-off', requested: true },
    ],
    ['the guest reboots', [shutdown('guest-reset')], {}, { kind: 'reboot' }],
    [
      'a panic stops the machine',
      [{ event: 'GUEST_PANICKED' }, shutdown('guest-panic')],
      {},
      { kind: 'panic' },
    ],
    [
      'a panic is followed by a reset',
      [{ event: 'GUEST_PANICKED' }, shutdown('guest-reset')],
      {},
      { kind: 'panic' },
    ],
    [
      'the watchdog powers off without a SHUTDOWN',
      [{ event: 'WATCHDOG', data: { action: 'poweroff' } }],
      {},
      { kind: 'watchdog' },
    ],
    [
      'a watchdog that only reports does not count',
      [{ event: 'WATCHDOG', data: { action: 'none' } }, shutdown('guest-shutdown')],
      {},
      { kind: 'power-off', requested: false },
    ],
    [
      'the exit device',
      [shutdown('guest-shutdown')],
      { status: exited(33) },
      { kind: 'guest-exit', exitCode: 33 },
    ],
    ['quit', [shutdown('host-qmp-quit')], {}, { kind: 'host-quit' }],
    ['SIGTERM to QEMU', [shutdown('host-signal')], {}, { kind: 'host-signal' }],
    ['system_reset', [shutdown('host-qmp-system-reset')], {}, { kind: 'host-reset' }],
    [
      'SIGKILL by us',
      [],
      { status: signalled('SIGKILL'), sentSignal: 'SIGKILL' },
      { kind: 'killed', signal: 'SIGKILL', expected: true },
    ],
    [
      'SIGKILL by another',
      [],
      { status: signalled('SIGKILL') },
      { kind: 'killed', signal: 'SIGKILL', expected: false },
    ],
    [
      'a crash',
      [],
      { status: signalled('SIGSEGV') },
      { kind: 'qemu-crash', status: signalled('SIGSEGV'), lastWords: [] },
    ],
    [
      'an end without any reason',
      [],
      { lastWords: ['what?'] },
      { kind: 'qemu-crash', status: exited(0), lastWords: ['what?'] },
    ],
    [
      'a start that failed',
      [],
      { status: exited(1), negotiated: false, lastWords: ['no such device'] },
      { kind: 'start-failure', status: exited(1), lastWords: ['no such device'] },
    ],
    [
      'KVM giving up, after which we killed QEMU',
      [],
      { status: signalled('SIGKILL'), sentSignal: 'SIGKILL', fatalRunState: 'internal-error' },
      { kind: 'accelerator-failure', lastWords: [] },
    ],
  ] as const)('%s', (_name, events, life, expected) => {
    expect(outcome([...events], life)).toEqual(expected);
  });
});
