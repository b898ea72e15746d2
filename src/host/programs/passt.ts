import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TimedOutError, describeExit } from '../../errors/index.ts';
import { NO_CORE } from '../../process/confine/confine.ts';
import { PASST_CARD, withoutSyslogComplaints } from '../../process/output/passt-output.ts';
import { findProgram } from '../../process/program.ts';
import { supervise } from '../../process/supervise.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { together } from '../../util/time/together.ts';
import { completesHandshake, freePort } from './passt-handshake.ts';
import { printed } from './printed.ts';
import type { PasstFeatures } from '../survey/host.ts';

const PATIENCE_MS = 20_000;
/** A handshake takes milliseconds; this allows for an overloaded host. */
const HANDSHAKE_MS = 5000;
/** In characters: enough for the error and the help that follows an unknown option. */
const MOST_WORDS = 64 * 1024;

/** Probes the features of passt. */
export async function probePasst(path: string, signal: AbortSignal | undefined): Promise<PasstFeatures> {
  const [help, version, problem] = await together(
    [
      async (either) => printed([path, '--help'], either),
      async (either) => printed(lineBuffered([path, '--version']), either),
      async (either) => findProblem(path, either),
    ],
    signal,
  );
  const runs = problem === undefined && hasOption(help, '--fd');
  return {
    path,
    version: /^passt (\S.*)$/m.exec(version)?.[1],
    hasFd: hasOption(help, '--fd'),
    hasVhostUser: hasOption(help, '--vhost-user'),
    completesHandshakes: !runs || (await tryHandshake(path, signal)),
    problem,
    ...(hasOption(help, '--conf-path') && { pesto: findPesto(path) }),
  };
}

/** Some releases of passt exit without flushing their standard output; a terminal gets each line at once. */
function lineBuffered(argv: [string, ...string[]]): [string, ...string[]] {
  const stdbuf = findProgram('stdbuf');
  return stdbuf === undefined ? argv : [stdbuf, '-oL', ...argv];
}

/** The one of the same package, if it was not found on the PATH. */
function findPesto(passt: string): string | undefined {
  const beside = join(dirname(passt), 'pesto');
  return existsSync(beside) ? beside : findProgram('pesto');
}

function hasOption(help: string, option: string): boolean {
  return new RegExp(`(^|[\\s,])${option}\\b`, 'm').test(help);
}

/**
 * Returns why passt does not run here. passt isolates itself in namespaces before anything else, which some hosts and
 * most containers forbid. Started as for a guest, on a connection that has already ended, it does all this and exits.
 * It must be a connection: passt of 2023 never exits with /dev/null.
 *
 * The interface is one that every host has. Without --mac-addr, passt takes a MAC address from it; the loopback has
 * none, and passt of 2023 then reports that the interface is not usable.
 */
async function findProblem(path: string, signal: AbortSignal): Promise<string | undefined> {
  await using scope = new Scope();
  let words = '';
  const onOutput = (chunk: Uint8Array): void => {
    if (words.length < MOST_WORDS) words += Buffer.from(chunk).toString('latin1');
  };
  const options = { environment: {}, descriptors: ['pipe'], confinement: NO_CORE, onOutput } as const;
  const passt = supervise(argvFor(path, 'none'), options, scope);
  passt.connections.get(3)?.destroy();
  try {
    const status = await withinLimits('waiting for passt to exit', passt.exited, {
      timeoutMs: PATIENCE_MS,
      signal,
    });
    if (status.exitCode === 0) return undefined;
    await withinLimits('waiting for the last output of passt', passt.outputEnded, {
      timeoutMs: PATIENCE_MS,
      signal,
    });
    return problemIn(words.split('\n')) ?? `it ${describeExit(status)}`;
  } catch (error) {
    if (!(error instanceof TimedOutError)) throw error;
    return 'it does not exit when its connection closes';
  }
}

/** Arguments with a documentation address (RFC 5737), on an interface that every host has. */
function argvFor(path: string, tcpPorts: string): [string, ...string[]] {
  return [
    path,
    ...['--foreground', '--fd', '3', '--interface', 'lo', '--mac-addr', PASST_CARD, '--ipv4-only'],
    ...['--address', '192.0.2.15', '--netmask', '24', '--gateway', '192.0.2.2'],
    ...['--dns-forward', '192.0.2.3', '--mtu', '65520', '--no-map-gw'],
    ...['--tcp-ports', tcpPorts, '--udp-ports', 'none'],
  ];
}

/** Returns true when the test is inconclusive: only releases of 2023 lack the handshake. */
async function tryHandshake(path: string, signal: AbortSignal | undefined): Promise<boolean> {
  await using scope = new Scope();
  const hostPort = await freePort();
  const options = { environment: {}, descriptors: ['pipe'], confinement: NO_CORE } as const;
  const passt = supervise(argvFor(path, `127.0.0.1/${hostPort}:7`), options, scope);
  const connection = passt.connections.get(3);
  if (!connection) throw new TypeError('passt was started without descriptor 3');
  try {
    return (
      (await withinLimits(
        'waiting for a handshake from passt',
        Promise.race([completesHandshake(connection, hostPort), passt.exited]),
        { timeoutMs: HANDSHAKE_MS, signal },
      )) !== false
    );
  } catch (error) {
    if (error instanceof TimedOutError) return true;
    throw error;
  }
}

/** Returns the line of passt's output that explains the failure. */
function problemIn(lines: readonly string[]): string | undefined {
  const said = withoutSyslogComplaints(lines).filter((line) => /^\S/.test(line));
  return said.find((line) => /(unrecognized|invalid) option/.test(line)) ?? said.at(-1);
}
