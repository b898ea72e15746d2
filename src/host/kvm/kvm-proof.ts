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
  /** It makes its monitors by -object. */
  readonly monitorObjects: boolean;
  readonly accelerator: 'kvm' | 'tcg';
  /** Model for -cpu, the one that a launch would use. */
  readonly cpu: string;
  readonly signal?: AbortSignal | undefined;
  /** The program to run; the one made from kvm-proof/proof.S by default. */
  readonly image?: Uint8Array;
  /** Milliseconds for all of it; 2000 by default, some twenty times what working hardware takes. */
  readonly timeoutMs?: number;
}

export interface ProofResult {
  /** Why guests would not run, on one line and with QEMU's words where it had any; undefined when proved. */
  readonly problem: string | undefined;
  /** Whether QEMU got as far as running a guest, well or badly. */
  readonly started: boolean;
  /** What the guest reported; see proof.S for its grammar. */
  readonly transcript: string;
  /** How much longer the guest's loop took than the same loop here; undefined when it did not end. */
  readonly slowdown: number | undefined;
}

/** Of the loop in proof.S. */
const ROUNDS = 5_000_000;
/** Hardware is at 1, QEMU's TCG between 2 and 5 and an emulator in the kernel beyond 100. */
const MAX_SLOWDOWN = 30;
/** A host loop shorter than this was measured too coarsely to multiply. */
const MIN_HOST_LOOP_MS = 5;
const FINISHED_EXIT_CODE = 33;
const DEFAULT_TIMEOUT_MS = 2000;

/**
 * Boots a program of our own in 64-bit mode and judges what it reports: that it came through, that it calculated
 * right, and that its loop ran at the speed of hardware.
 */
export async function runProof(options: ProofOptions): Promise<ProofResult> {
  await using scope = new Scope();
  options.signal?.throwIfAborted();
  const image = await lendImage(options.image ?? Buffer.from(KVM_PROOF_IMAGE, 'base64'), scope);
  // Nobody has listened meanwhile.
  options.signal?.throwIfAborted();
  const hostLoop = timeHostLoop();
  const qemu = supervise(
    [options.qemu, ...proofArguments(options, image)],
    { environment: {}, descriptors: ['pipe', 'pipe'] },
    scope,
  );
  const [console, monitor] = [qemu.connections.get(3), qemu.connections.get(4)];
  if (!console || !monitor) throw new TypeError('descriptors 3 and 4 were asked for');
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
  // The end of QEMU is seen by its exit status; a reset here says nothing more.
  console.on('error', () => undefined);
  const reportEnded = new Promise<void>((resolve) => console.once('end', resolve).once('close', resolve));

  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const end = await Promise.race([
    // An exit may be seen before what was said last.
    Promise.all([qemu.exited, reportEnded]).then(([status]) => ({ kind: 'exited', status }) as const),
    questionQemu(qemu, monitor).stopped.then(() => ({ kind: 'stopped' }) as const),
    patience(timeoutMs, options.signal, scope),
  ]);
  options.signal?.throwIfAborted();
  // What it wrote on stderr before its end is readable by now, and is read in this turn of the event loop.
  await setImmediate();
  const slowdown = loopMs === undefined ? undefined : loopMs / Math.max(hostLoop.ms, MIN_HOST_LOOP_MS);
  const started = end.kind !== 'exited' || transcript !== '';
  const result = { started, transcript, slowdown };
  const progress = transcript === '' ? 'before its first instruction' : `after '${transcript.slice(-40)}'`;

  if (end.kind === 'stopped') {
    return { ...result, problem: `${qemuWords(qemu) ?? 'QEMU stopped the guest'} ${progress}` };
  }
  if (end.kind === 'timed-out') {
    const words = qemuWords(qemu);
    const slow = `a test program of one kilobyte did not end within ${timeoutMs / 1000} s, ${progress}`;
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
  if (!reported) return `a test program left early, after '${transcript.slice(-40)}'`;
  if (reported[1] !== sum) return `a test program calculated ${reported[1] ?? ''} instead of ${sum}`;
  if (slowdown !== undefined && slowdown > MAX_SLOWDOWN) {
    return `a loop ran ${Math.round(slowdown)} times slower in the guest than on the host`;
  }
  return undefined;
}

/** That of Linux on x86_64 and arm64; Node has none. */
const O_TMPFILE = constants.O_DIRECTORY | 0o20000000;

/**
 * A path under which QEMU can read the image for as long as the scope lasts. The file has no name, so that nothing
 * stays behind when this process is killed.
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
    // A file system that has none, or a kernel that takes it for the opening of a directory.
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

/** QEMU's complaint without its program name, its source position and the register dump behind it. */
function qemuWords(qemu: SupervisedProcess): string | undefined {
  const lines = qemu.output.last(200).filter((line) => line.trim() !== '' && !/: warning:/.test(line));
  const first = lines[0]?.replace(/^\S*qemu\S*:\s*(error:\s*)?/, '');
  if (first === undefined) return undefined;
  // The register dump of an internal error has its plain words somewhere in the middle.
  return lines.includes('emulation failure') ? `${first} (emulation failure)` : first;
}

/** The loop of proof.S, step by step. */
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
