import { describe, expect, it } from 'vitest';
import {
  type LifeRecord,
  type MonitorEvent,
  type Outcome,
  decideOutcome,
  describeOutcome,
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
      'the guest reacts to its power button',
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
      'an end without a reason',
      [],
      { lastWords: ['what?'] },
      { kind: 'qemu-crash', status: exited(0), lastWords: ['what?'] },
    ],
    [
      'a failed start',
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
    [
      'the end of virtiofsd, after which vmlet killed QEMU',
      [],
      {
        status: signalled('SIGKILL'),
        sentSignal: 'SIGKILL',
        shareLoss: { program: 'virtiofsd', target: '/src', status: exited(1), lastWords: ['no more'] },
      },
      { kind: 'share-lost', target: '/src', status: exited(1), lastWords: ['no more'] },
    ],
  ] as const)('%s', (_name, events, life, expected) => {
    expect(outcome([...events], life)).toEqual(expected);
  });
});

describe('the watchdog', () => {
  const watchdog = (action: string): MonitorEvent => ({ event: 'WATCHDOG', data: { action } });

  it.each(['poweroff', 'shutdown', 'reset'])('ends the machine by %s, whatever follows', (action) => {
    expect(outcome([watchdog(action)])).toEqual({ kind: 'watchdog' });
    expect(outcome([watchdog(action), shutdown('guest-reset')])).toEqual({ kind: 'watchdog' });
    expect(outcome([watchdog(action)], { status: exited(1) })).toEqual({ kind: 'watchdog' });
  });

  it.each(['none', 'debug', 'pause', 'inject-nmi', ''])('does not end it by %j', (action) => {
    expect(outcome([watchdog(action), shutdown('guest-reset')])).toEqual({ kind: 'reboot' });
  });
});

describe('a signal', () => {
  it.each(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGSYS', 'SIGTRAP'] as const)(
    '%s is a crash, even if vmlet sent it',
    (signal) => {
      const life = { status: signalled(signal), sentSignal: signal, lastWords: ['oh'] };
      expect(outcome([], life)).toEqual({ kind: 'qemu-crash', status: life.status, lastWords: ['oh'] });
    },
  );

  it('other than vmlet’s is unexpected', () => {
    expect(outcome([], { status: signalled('SIGKILL'), sentSignal: 'SIGTERM' })).toEqual({
      kind: 'killed',
      signal: 'SIGKILL',
      expected: false,
    });
  });
});

describe('an exit status', () => {
  it.each(['guest-reset', 'guest-panic', 'host-qmp-quit', undefined])(
    'other than 0 is a crash after %s, since no exit device sets it',
    (reason) => {
      const events = reason === undefined ? [] : [shutdown(reason)];
      expect(outcome(events, { status: exited(1) })).toMatchObject({ kind: 'qemu-crash', status: exited(1) });
    },
  );

  it('that cannot be read is not a crash', () => {
    const status = { exitCode: undefined, signal: undefined };
    expect(outcome([shutdown('guest-shutdown')], { status })).toMatchObject({ kind: 'power-off' });
  });
});

it('a panic is detected from the end alone if its event was lost', () => {
  expect(outcome([shutdown('guest-panic')])).toEqual({ kind: 'panic' });
});

it('closing the window counts as quit', () => {
  expect(outcome([shutdown('host-ui')])).toEqual({ kind: 'host-quit' });
});

it('a failed start stays one, whatever the events', () => {
  expect(outcome([shutdown('guest-shutdown')], { negotiated: false })).toMatchObject({
    kind: 'start-failure',
  });
});

it('events without an end change nothing, and those without data are accepted', () => {
  expect(foldLifeEvent(noLifeEvents, { event: 'RESUME' })).toBe(noLifeEvents);
  expect(foldLifeEvent(noLifeEvents, { event: 'SHUTDOWN' })).toEqual({
    ...noLifeEvents,
    shutdown: undefined,
  });
  const asked = foldLifeEvent(noLifeEvents, { event: 'POWERDOWN' });
  expect(foldLifeEvent(asked, { event: 'GUEST_PANICKED' })).toEqual({
    askedToPowerOff: true,
    panicked: true,
  });
});

describe('an outcome in words', () => {
  it.each<[Outcome, string]>([
    [{ kind: 'power-off', requested: true }, 'the guest powered off on request'],
    [{ kind: 'power-off', requested: false }, 'the guest powered off'],
    [{ kind: 'reboot' }, 'the guest rebooted'],
    [{ kind: 'panic' }, "the guest's kernel panicked"],
    [{ kind: 'watchdog' }, "the guest's watchdog expired"],
    [
      { kind: 'guest-exit', exitCode: 33 },
      'the guest exited through its isa-debug-exit device with status 33',
    ],
    [{ kind: 'host-quit' }, 'a monitor command (quit) ended QEMU'],
    [{ kind: 'host-reset' }, 'a monitor command (system_reset) reset the machine'],
    [{ kind: 'host-signal' }, 'QEMU was terminated by SIGTERM, SIGINT or SIGHUP'],
    [{ kind: 'killed', signal: 'SIGKILL', expected: true }, 'QEMU was killed by SIGKILL'],
    [
      { kind: 'killed', signal: 'SIGKILL', expected: false },
      'QEMU was killed by SIGKILL, which vmlet did not send',
    ],
    [{ kind: 'qemu-crash', status: signalled('SIGSEGV'), lastWords: [] }, 'QEMU crashed (SIGSEGV)'],
    [{ kind: 'qemu-crash', status: exited(1), lastWords: [] }, 'QEMU crashed (status 1)'],
    [
      { kind: 'qemu-crash', status: { exitCode: undefined, signal: undefined }, lastWords: [] },
      'QEMU crashed (status unknown)',
    ],
    [
      { kind: 'start-failure', status: { exitCode: undefined, signal: undefined }, lastWords: [] },
      'QEMU did not start (status unknown)',
    ],
    [{ kind: 'start-failure', status: exited(2), lastWords: [] }, 'QEMU did not start (status 2)'],
    [{ kind: 'start-failure', status: signalled('SIGABRT'), lastWords: [] }, 'QEMU did not start (SIGABRT)'],
    [
      { kind: 'accelerator-failure', lastWords: [] },
      'the accelerator (KVM) failed while the guest was running',
    ],
    [
      { kind: 'share-lost', target: '/src', status: exited(1), lastWords: ['no more', ' ', ''] },
      'virtiofsd, which serves /src in the guest, exited with status 1: no more',
    ],
    [
      { kind: 'share-lost', target: '/src', status: signalled('SIGKILL'), lastWords: ['earlier'] },
      'virtiofsd, which serves /src in the guest, was killed by SIGKILL',
    ],
  ])('%j: %s', (ended, words) => {
    expect(describeOutcome(ended)).toBe(words);
  });
});
