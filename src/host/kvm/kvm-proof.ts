import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { describeExit, isSystemError } from '../../errors/index.ts';
import { type SupervisedProcess, supervise } from '../../process/supervise.ts';
import { Scope } from '../../util/scope.ts';
import { KVM_PROOF_IMAGE } from './kvm-proof.gen.ts';
import { qmpMonitorArguments } from '../programs/qmp-monitor.ts';
import { questionQemu } from '../programs/qemu-questions.ts';
import { SANDBOX_OPTION } from '../programs/qemu.ts';

export interface ProofOptions {
  readonly qemu: string;
  readonly sandbox: boolean;
  /** True when this QEMU creates monitors with -object. */
  readonly monitorObjects: boolean;
  readonly accelerator: 'kvm' | 'tcg';
  /** CPU model for -cpu, the same that a launch would use. */
  readonly cpu: string;
  readonly signal?: AbortSignal | undefined;
  /** Program to run; by default the one assembled from kvm-proof/proof.S. */
  readonly image?: Uint8Array;
  /** Time limit in milliseconds; 2000 by default, about twenty times what working hardware needs. */
  readonly timeoutMs?: number;
}

export interface ProofResult {
  /** Why guests would not run, on one line, with QEMU's message if there is one; undefined when proved. */
  readonly problem: string | undefined;
  /** Whether QEMU started to run a guest, with or without success. */
  readonly started: boolean;
  /** Output of the guest; proof.S has its grammar. */
  readonly transcript: string;
  /** Duration of the guest's loop relative to the same loop here; undefined when it did not finish. */
  readonly slowdown: number | undefined;
}

/** Rounds of the loop in proof.S. */
const ROUNDS = 5_000_000;
/** Hardware is at 1, QEMU's TCG between 2 and 5, an emulator in the kernel above 100. */
const MAX_SLOWDOWN = 30;
/** Shorter host loops are measured too coarsely to compare. */
const MIN_HOST_LOOP_MS = 5;
const FINISHED_EXIT_CODE = 33;
const DEFAULT_TIMEOUT_MS = 2000;

/**
 * Boots a small program in 64-bit mode and checks its report: that it finished, calculated correctly, and ran its loop
 * at the speed of hardware.
 */
export async function runProof(options: ProofOptions): Promise<ProofResult> {
  await using scope = new Scope();
  options.signal?.throwIfAborted();
  const image = await lendImage(options.image ?? Buffer.from(KVM_PROOF_IMAGE, 'base64'), scope);
  // The await above may have missed an abort.
  options.signal?.throwIfAborted();
  const hostLoop = timeHostLoop();
  const qemu = supervise(
    [options.qemu, ...proofArguments(options, image)],
    { environment: {}, descriptors: ['pipe', 'pipe'] },
    scope,
  );
  const [console, monitor] = [qemu.connections.get(3), qemu.connections.get(4)];
  if (!console || !monitor) throw new TypeError('the KVM test was started without descriptors 3 and 4');
  let transcript = '';
  let loopStarted: number | undefined;
  let loopMs: number | undefined;
  console.setEncoding('latin1');
  console.on('data', (text: string) => {
    transcript += text;
    if (loopStarted === undefined && transcript.includes('<')) loopStarted = performance.now();
    if (loopMs === undefined && transcript.includes('>'))
      loopMs = performance.now() - (loopStarted ?? performance.now());
  });
  // The exit status reports QEMU's end; a connection reset adds nothing.
  console.on('error', () => undefined);
  const reportEnded = new Promise<void>((resolve) => console.once('end', resolve).once('close', resolve));

  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const end = await Promise.race([
    // The exit may be noticed before the last output.
    Promise.all([qemu.exited, reportEnded]).then(([status]) => ({ kind: 'exited', status }) as const),
    questionQemu(qemu, monitor).stopped.then(() => ({ kind: 'stopped' }) as const),
    patience(timeoutMs, options.signal, scope),
  ]);
  options.signal?.throwIfAborted();
  // QEMU's last output on stderr is readable by now, and is read in this turn of the event loop.
  await setImmediate();
  const slowdown = loopMs === undefined ? undefined : loopMs / Math.max(hostLoop.ms, MIN_HOST_LOOP_MS);
  const started = end.kind !== 'exited' || transcript !== '';
  const result = { started, transcript, slowdown };
  const progress =
    transcript === ''
      ? 'before the guest executed an instruction'
      : `after the guest printed '${transcript.slice(-40)}'`;

  if (end.kind === 'stopped') {
    return { ...result, problem: `${qemuWords(qemu) ?? 'QEMU stopped the guest'} ${progress}` };
  }
  if (end.kind === 'timed-out') {
    const words = qemuWords(qemu);
    const slow = `its test program did not finish within ${timeoutMs / 1000} s; ${transcript === '' ? 'it printed nothing' : `its last output was '${transcript.slice(-40)}'`}`;
    return { ...result, problem: words === undefined ? slow : `${words}; ${slow}` };
  }
  if (end.status.exitCode !== FINISHED_EXIT_CODE) {
    const ending = `QEMU ${describeExit(end.status)} ${progress}`;
    const words = qemuWords(qemu);
    return { ...result, problem: words === undefined ? ending : `${words} (${ending})` };
  }
  return { ...result, problem: judge(transcript, slowdown, hostLoop.sum) };
}

function judge(transcript: string, slowdown: number | undefined, sum: string): string | undefined {
  const reported = /^SPGIUF\w*<>([0-9a-f]{8})\.$/.exec(transcript);
  if (!reported) return `its test program exited early, after it printed '${transcript.slice(-40)}'`;
  if (reported[1] !== sum) return `its test program calculated ${reported[1] ?? ''} instead of ${sum}`;
  if (slowdown !== undefined && slowdown > MAX_SLOWDOWN) {
    return `a loop ran ${Math.round(slowdown)} times slower in the guest than on the host`;
  }
  return undefined;
}

/** The value on Linux for x86_64 and arm64; Node does not define it. */
const O_TMPFILE = constants.O_DIRECTORY | 0o20000000;

/**
 * Returns a path at which QEMU can read the image until the scope ends. The file is unnamed, so nothing is left behind
 * when this process is killed.
 */
async function lendImage(image: Uint8Array, scope: Scope): Promise<string> {
  const descriptor = await openUnnamed();
  scope.defer(() => closeSync(descriptor));
  writeSync(descriptor, image);
  return `/proc/${process.pid}/fd/${descriptor}`;
}

async function openUnnamed(): Promise<number> {
  try {
    return openSync(tmpdir(), O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    // The file system does not support unnamed files, or the kernel takes the flag for opening a directory.
    if (!isSystemError(error, 'ENOTSUP', 'EISDIR')) throw error;
  }
  const { default: tmp } = await import('tmp');
  const { fd, removeCallback } = tmp.fileSync({ prefix: 'vmlet-proof', detachDescriptor: true });
  removeCallback();
  return fd;
}

function proofArguments(options: ProofOptions, image: string): string[] {
  return [
    ...['-machine', 'q35', '-accel', options.accelerator, '-cpu', options.cpu, '-m', '16'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-chardev', 'socket,id=report,fd=3', '-device', 'isa-debugcon,iobase=0xe9,chardev=report'],
    ...['-chardev', 'socket,id=monitor,fd=4', ...qmpMonitorArguments('monitor', options.monitorObjects)],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-kernel', image],
    ...(options.sandbox ? ['-sandbox', SANDBOX_OPTION] : []),
  ];
}

/** Returns QEMU's error without the program name, its source position and the register dump. */
function qemuWords(qemu: SupervisedProcess): string | undefined {
  const lines = qemu.output.last(200).filter((line) => line.trim() !== '' && !/: warning:/.test(line));
  const first = lines[0]?.replace(/^\S*qemu\S*:\s*(error:\s*)?/, '');
  if (first === undefined) return undefined;
  // An internal error has its plain message in the middle of the register dump.
  return lines.includes('emulation failure') ? `${first} (emulation failure)` : first;
}

/** Runs the same loop as proof.S. */
function timeHostLoop(): { ms: number; sum: string } {
  const start = performance.now();
  let x = 1;
  for (let round = 0; round < ROUNDS; round++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return { ms: performance.now() - start, sum: (x >>> 0).toString(16).padStart(8, '0') };
}

async function patience(
  ms: number,
  signal: AbortSignal | undefined,
  scope: Scope,
): Promise<{ kind: 'timed-out' }> {
  return new Promise((resolve) => {
    const give = (): void => resolve({ kind: 'timed-out' });
    const timer = setTimeout(give, ms);
    signal?.addEventListener('abort', give, { once: true });
    scope.defer(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', give);
    });
  });
}
