import { type ExitStatus, describeExit } from '../../errors/index.ts';
import type { ShareLoss } from '../share/running-share.ts';

/** The outcome of a machine. The set is closed: every machine ends in one of these ways. */
export type Outcome =
  /** The guest powered off; `requested` when the host asked for it, through the agent or the power button. */
  | { readonly kind: 'power-off'; readonly requested: boolean }
  /**
   * The guest rebooted (or its processor triple-faulted), and the machine is not configured to start again.
   */
  | { readonly kind: 'reboot' }
  | { readonly kind: 'panic' }
  /** The guest's watchdog expired, and its action was to power off or to reset. */
  | { readonly kind: 'watchdog' }
  /** The guest exited through an exit device with this status. */
  | { readonly kind: 'guest-exit'; readonly exitCode: number }
  | { readonly kind: 'host-quit' }
  | { readonly kind: 'host-reset' }
  /** QEMU was asked to end by SIGTERM, SIGINT or SIGHUP. */
  | { readonly kind: 'host-signal' }
  /** QEMU was killed by a signal that it cannot handle; `expected` when vmlet sent it. */
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals; readonly expected: boolean }
  | { readonly kind: 'qemu-crash'; readonly status: ExitStatus; readonly lastWords: readonly string[] }
  | { readonly kind: 'start-failure'; readonly status: ExitStatus; readonly lastWords: readonly string[] }
  | { readonly kind: 'accelerator-failure'; readonly lastWords: readonly string[] }
  /** virtiofsd exited, and the guest could not use its directory any more: vmlet killed QEMU. */
  | {
      readonly kind: 'share-lost';
      /** The directory's path in the guest. */
      readonly target: string;
      /** virtiofsd's. */
      readonly status: ExitStatus;
      readonly lastWords: readonly string[];
    };

/** Input of the decision on the outcome, once the QEMU process and its monitor have both ended. */
export interface LifeRecord {
  readonly status: ExitStatus;
  /** QEMU answered a monitor command: its configuration was accepted. */
  readonly negotiated: boolean;
  /** QEMU's last lines on stderr. */
  readonly lastWords: readonly string[];
  /** Run state from query-status that stopped the machine permanently. */
  readonly fatalRunState?: 'internal-error' | undefined;
  /** Why vmlet killed QEMU, if it was for this. */
  readonly shareLoss?: ShareLoss | undefined;
  readonly events: LifeEvents;
  /** The last signal that vmlet itself sent. */
  readonly sentSignal?: NodeJS.Signals | undefined;
}

/** The monitor events that determine the outcome, accumulated as they arrive. */
export interface LifeEvents {
  /** Reason of the last SHUTDOWN. */
  readonly shutdown?: string | undefined;
  readonly askedToPowerOff: boolean;
  readonly panicked: boolean;
  /** Action of the last WATCHDOG. */
  readonly watchdog?: string | undefined;
}

export const noLifeEvents: LifeEvents = { askedToPowerOff: false, panicked: false };

export interface MonitorEvent {
  readonly event: string;
  readonly data?: unknown;
}

export function foldLifeEvent(events: LifeEvents, { event, data }: MonitorEvent): LifeEvents {
  const detail = (data ?? {}) as { reason?: string; action?: string };
  switch (event) {
    case 'SHUTDOWN':
      return { ...events, shutdown: detail.reason };
    case 'POWERDOWN':
      return { ...events, askedToPowerOff: true };
    case 'GUEST_PANICKED':
      return { ...events, panicked: true };
    case 'WATCHDOG':
      return { ...events, watchdog: detail.action };
    default:
      return events;
  }
}

const watchdogEndings = new Set<string | undefined>(['poweroff', 'shutdown', 'reset']);
const signalsForCrashes = new Set<NodeJS.Signals>([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGSYS',
  'SIGTRAP',
]);

/** QEMU's exit status alone is not enough: it is 0 after a power-off, a panic and SIGTERM alike. */
export function decideOutcome(life: LifeRecord): Outcome {
  const { status, events, lastWords } = life;
  if (life.fatalRunState === 'internal-error') return { kind: 'accelerator-failure', lastWords };
  if (life.shareLoss) {
    const { target, status: ofServer, lastWords: words } = life.shareLoss;
    return { kind: 'share-lost', target, status: ofServer, lastWords: words };
  }
  if (status.signal !== undefined) {
    return signalsForCrashes.has(status.signal)
      ? { kind: 'qemu-crash', status, lastWords }
      : { kind: 'killed', signal: status.signal, expected: status.signal === life.sentSignal };
  }
  if (!life.negotiated) return { kind: 'start-failure', status, lastWords };
  if (events.panicked) return { kind: 'panic' };
  if (watchdogEndings.has(events.watchdog)) return { kind: 'watchdog' };
  if (status.exitCode !== undefined && status.exitCode !== 0) {
    // isa-debug-exit ends QEMU with an odd status after an ordinary SHUTDOWN; a failing QEMU sends no
    // SHUTDOWN.
    return events.shutdown === 'guest-shutdown'
      ? { kind: 'guest-exit', exitCode: status.exitCode }
      : { kind: 'qemu-crash', status, lastWords };
  }
  return outcomeOfShutdown(life);
}

function outcomeOfShutdown({ status, events, lastWords }: LifeRecord): Outcome {
  switch (events.shutdown) {
    case 'guest-shutdown':
      return { kind: 'power-off', requested: events.askedToPowerOff };
    case 'guest-reset':
      return { kind: 'reboot' };
    case 'guest-panic':
      return { kind: 'panic' };
    case 'host-qmp-system-reset':
      return { kind: 'host-reset' };
    case 'host-signal':
      return { kind: 'host-signal' };
    case 'host-qmp-quit':
    case 'host-ui':
      return { kind: 'host-quit' };
    default:
      return { kind: 'qemu-crash', status, lastWords };
  }
}

/** Describes an outcome in one sentence. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'power-off':
      return outcome.requested ? 'the guest powered off on request' : 'the guest powered off';
    case 'reboot':
      return 'the guest rebooted';
    case 'panic':
      return "the guest's kernel panicked";
    case 'watchdog':
      return "the guest's watchdog expired";
    case 'guest-exit':
      return `the guest exited through its isa-debug-exit device with status ${outcome.exitCode}`;
    case 'host-quit':
      return 'a monitor command (quit) ended QEMU';
    case 'host-reset':
      return 'a monitor command (system_reset) reset the machine';
    case 'host-signal':
      return 'QEMU was terminated by SIGTERM, SIGINT or SIGHUP';
    case 'killed':
      return `QEMU was killed by ${outcome.signal}${outcome.expected ? '' : ', which vmlet did not send'}`;
    case 'qemu-crash':
      return `QEMU crashed (${outcome.status.signal ?? `status ${outcome.status.exitCode ?? 'unknown'}`})`;
    case 'start-failure':
      return `QEMU did not start (${outcome.status.signal ?? `status ${outcome.status.exitCode ?? 'unknown'}`})`;
    case 'accelerator-failure':
      return 'the accelerator (KVM) failed while the guest was running';
    case 'share-lost':
      return describeShareLoss(outcome);
  }
}

function describeShareLoss({ target, status, lastWords }: Omit<ShareLoss, 'program'>): string {
  // A process that is killed says nothing of it.
  const said = status.signal === undefined ? lastWords.findLast((line) => line.trim() !== '') : undefined;
  return `virtiofsd, which serves ${target} in the guest, ${describeExit(status)}${said === undefined ? '' : `: ${said}`}`;
}
