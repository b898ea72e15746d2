import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../../fixtures/agent/random.ts';
import { isSystemError } from '../../../../src/errors/index.ts';
import { run } from '../../../../src/process/run.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { type Home, makeHome } from '../../../e2e/named/home.ts';
import { type Count, type Findings, type HardeningOptions, together } from '../../section.ts';
import { EXPECTED_FAILURES, FIO_JOBS, type FioJob, LEFT_OUT } from './jobs.ts';

const MIB_OF_A_JOB = 16;
const SECONDS_OF_A_STRESSOR = 5;
const FAILED = 2;
/** stress-ng's statuses for what it cannot do here: resources are missing, or it is not implemented. */
const NOT_POSSIBLE = [3, 4];

const FIO = 'jobs of fio with CRC-32C';
const PARTS = [
  { program: 'fio', what: FIO, run: fio },
  { program: 'stress-ng', what: "stress-ng's file system stressors on a share", run: stressNg },
];

/** fio with verification and stress-ng's file system stressors, from the host's own system as a guest. */
export async function stress(options: HardeningOptions): Promise<Findings> {
  await using scope = new Scope();
  let home: Home | undefined;
  const findings: Findings[] = [];
  for (const { program, what, run: part } of PARTS) {
    options.signal?.throwIfAborted();
    if (!isInstalled(program)) {
      findings.push(notRun(what, program, options));
      continue;
    }
    if (!home) {
      const made = await makeHome();
      scope.defer(async () => made.close());
      home = made;
    }
    findings.push(await part(home, options));
  }
  return together(findings);
}

/** Both programs are in the package of their name. */
function notRun(what: string, program: string, { log }: HardeningOptions): Findings {
  const note = `not run: ${program} is not installed (package ${program}; scripts/install-needs hardening)`;
  log(`${what}: ${note}`);
  return { counts: [{ what, tried: 0, held: 0, note }], faults: [] };
}

function isInstalled(program: string): boolean {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  if (error !== undefined && !isSystemError(error, 'ENOENT')) throw error;
  return error === undefined;
}

/** Each side verifies its own files, and those of the other. */
async function fio(home: Home, { scale, log }: HardeningOptions): Promise<Findings> {
  const mib = Math.max(1, Math.round(MIB_OF_A_JOB * scale));
  const [guests, hosts] = ['of-the-guest', 'of-the-host'].map((name) => directoryIn(home, name)) as [
    string,
    string,
  ];
  const repeatable = FIO_JOBS.filter(({ isRepeatable }) => isRepeatable);
  const onHost = async (job: FioJob, directory: string, ...more: readonly string[]): Promise<Result> => {
    const words = fioWords(job, directory, mib, more);
    const { exitCode, stdout } = await run(words, { acceptedExitCodes: [0, 1, 2] });
    return { name: job.name, status: exitCode, output: stdout.toString() };
  };
  const results: Record<string, Result[]> = {
    'written and verified by the guest': await inGuest(home, guests, FIO_JOBS, (job) =>
      fioWords(job, '/work', mib),
    ),
    'written by the guest, verified by the host': [],
    'written and verified by the host': [],
  };
  for (const job of repeatable) {
    results['written by the guest, verified by the host']!.push(await onHost(job, guests, '--verify_only'));
    results['written and verified by the host']!.push(await onHost(job, hosts));
  }
  results['written by the host, verified by the guest'] = await inGuest(home, hosts, repeatable, (job) =>
    fioWords(job, '/work', mib, ['--verify_only']),
  );
  const failed = Object.entries(results).flatMap(([how, all]) =>
    all.filter(({ status }) => status !== 0).map((one) => ({ how, ...one })),
  );
  for (const { how, name, status, output } of failed) log(`fio ${name}, ${how}: ${status}\n${output}`);
  return {
    counts: Object.entries(results).map(([how, all]) => ({
      what: `${FIO}, ${how}`,
      kind: FIO,
      tried: all.length,
      held: all.filter(({ status }) => status === 0).length,
      note: `${mib} MiB a job`,
    })),
    faults: failed.map(({ how, name, status }) => `fio ${name}, ${how}: status ${status}`),
  };
}

function fioWords(
  { name, options }: FioJob,
  directory: string,
  mib: number,
  more: readonly string[] = [],
): [string, ...string[]] {
  const verified = ['--verify=crc32c', '--do_verify=1', '--verify_fatal=1', '--verify_state_save=0'];
  return [
    'fio',
    `--name=${name}`,
    `--directory=${directory}`,
    `--size=${mib}M`,
    ...options,
    ...verified,
    ...more,
  ];
}

async function stressNg(home: Home, { scale, seed, log }: HardeningOptions): Promise<Findings> {
  const random = new Random(seed);
  const left = filesystemStressors().filter((name) => !(name in LEFT_OUT));
  const stressors = Array.from({ length: Math.max(1, Math.round(left.length * scale)) }, () =>
    left.splice(random.below(left.length), 1),
  ).flat();
  const words = (name: string): [string, ...string[]] => [
    ...(['stress-ng', `--${name}`, '2', '--timeout', `${SECONDS_OF_A_STRESSOR}s`, '--verify'] as const),
    ...['--temp-path', '/work', '--oom-avoid'],
  ];
  const named = stressors.map((name) => ({ name }));
  const results = await inGuest(home, directoryIn(home, 'stressed'), named, ({ name }) => words(name));
  for (const { name, status, output } of results) log(`stress-ng ${name}: ${status}\n${output}`);
  const possible = results.filter(({ status }) => !NOT_POSSIBLE.includes(status));
  const wrong = possible.filter(({ name, status }) => status !== (name in EXPECTED_FAILURES ? FAILED : 0));
  const impossible = results.filter((one) => !possible.includes(one)).map(({ name }) => name);
  const expected = possible.filter(({ name }) => name in EXPECTED_FAILURES).length;
  const count: Count = {
    what: "stress-ng's file system stressors on a share, two processes each, with --verify",
    tried: possible.length,
    held: possible.length - wrong.length,
    permitted: expected,
    note: `${SECONDS_OF_A_STRESSOR} s each; ${expected} fail, as listed; not possible here: ${impossible.join(', ') || 'none'}`,
  };
  return { counts: [count], faults: wrong.map(({ name, status }) => `stress-ng ${name}: status ${status}`) };
}

function filesystemStressors(): string[] {
  const listed = execFileSync('stress-ng', ['--class', 'filesystem?'], { encoding: 'utf8' });
  return listed
    .slice(listed.indexOf(':') + 1)
    .trim()
    .split(/\s+/);
}

interface Result {
  readonly name: string;
  readonly status: number;
  readonly output: string;
}

function directoryIn(home: Home, name: string): string {
  const path = join(home.path, name);
  mkdirSync(path);
  return path;
}

/** Runs a command of the host's system for each of these, in one guest with a share. */
async function inGuest<T extends { readonly name: string }>(
  home: Home,
  source: string,
  all: readonly T[],
  wordsOf: (one: T) => readonly string[],
): Promise<Result[]> {
  const lines = all.map((one) => `${wordsOf(one).join(' ')} 2>&1; echo "status $?"`);
  const flags = ['--net', 'none', '-m', '1G', '-v', `${source}:/work`, '-w', '/work'];
  const { status, stdout, stderr } = await home.vmlet(
    'run',
    ...flags,
    'host',
    '--',
    'sh',
    '-c',
    lines.join('\n'),
  );
  const parts = stdout.split(/^status (\d+)\n/m);
  const ended = parts.length >> 1;
  if (ended === 0) throw new Error(`vmlet run host ends with ${String(status)}: ${stderr}`);
  return all.map(({ name }, index) => ({
    name,
    // One that did not come to its end has no status.
    output: parts[2 * index] ?? stderr,
    status: Number(parts[2 * index + 1] ?? -1),
  }));
}
