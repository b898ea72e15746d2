import { CommandFailedError } from '../errors.ts';
import { landlockFlags } from '../process/landlock.ts';
import { run } from '../process/run.ts';
import type { SetprivFeatures } from './host.ts';

const PATIENCE_MS = 20_000;
const REFUSED = 42;
const NOT_REFUSED = 43;

/** Asks setpriv what it has, and proves with a real refusal that this kernel's Landlock does it. */
export async function probeSetpriv(path: string, signal: AbortSignal | undefined): Promise<SetprivFeatures> {
  const { stdout, stderr } = await run([path, '--help'], {
    signal,
    timeoutMs: PATIENCE_MS,
    environment: {},
    acceptedExitCodes: [0, 1],
  });
  const help = stdout.toString('utf8') + stderr;
  const hasNoNewPrivileges = /--no-new-privs\b/.test(help);
  return {
    path,
    hasParentDeathSignal: /--pdeathsig\b/.test(help),
    hasNoNewPrivileges,
    landlock: hasNoNewPrivileges
      ? await probeLandlock(path, help, signal)
      : { usable: false, reason: 'this setpriv has no --no-new-privs' },
  };
}

async function probeLandlock(
  path: string,
  help: string,
  signal: AbortSignal | undefined,
): Promise<SetprivFeatures['landlock']> {
  const known = /^\s*Rules:\s*(\S+)/m.exec(help)?.[1]?.split(',') ?? [];
  if (!help.includes('--landlock-access') || known.length === 0) {
    return { usable: false, reason: 'this setpriv has no Landlock flags (util-linux 2.40 brought them)' };
  }
  // Older kernels lack the rights that came last (truncate: Linux 6.2, refer: 5.19) and refuse the whole ruleset.
  let reason = 'no ruleset took effect';
  for (const missing of [[], ['truncate'], ['truncate', 'refer']]) {
    const accesses = known.filter((access) => !missing.includes(access));
    const verdict = await tryRuleset(path, accesses, signal);
    if (verdict === undefined) return { usable: true, accesses };
    reason = verdict;
  }
  return { usable: false, reason };
}

/** Under rules that let a shell run and read but not write, writing even to /dev/null must fail. */
async function tryRuleset(
  path: string,
  accesses: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const rights = ['execute', 'read-file', 'read-dir'];
  const trial = `echo >/dev/null && exit ${NOT_REFUSED}; exit ${REFUSED}`;
  try {
    const { exitCode } = await run(
      [path, ...landlockFlags([{ path: '/', rights }], accesses), '/bin/sh', '-c', trial],
      { signal, timeoutMs: PATIENCE_MS, environment: {}, acceptedExitCodes: [REFUSED, NOT_REFUSED] },
    );
    return exitCode === REFUSED ? undefined : 'the kernel took a Landlock ruleset and did not enforce it';
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    return error.stderr.trim().split('\n').at(-1) ?? error.message;
  }
}
