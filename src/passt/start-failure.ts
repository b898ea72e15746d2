import { type ExitStatus, InvalidInputError, NetworkStartError, describeExit } from '../errors/index.ts';
import { explainUnboundPort } from '../network/ports/host-port.ts';
import type { BoundForward } from '../network/ports/port.ts';

/** Turns what the helpers are known to print into errors that a user can act on. */

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /user namespace|isolating namespaces/i,
    'passt confines itself with user namespaces, which this host forbids; allow them, or use slirp.',
  ],
  [/seccomp/i, 'passt could not install its system call filter; use slirp.'],
  [/No such device|interface/i, 'A network interface of the host went away; try again.'],
  [/unrecognized option|invalid option/i, 'This passt is too old; update it, or use slirp.'],
];

/** Whether passt says by this line that it cannot make a forward. */
export function isRefusedForward(line: string): boolean {
  return line.startsWith('Failed to bind') || LISTEN_FAILED.test(line) || OVERLAP.test(line);
}

/** passt of 2026: its address and port, and not to where. */
const LISTEN_FAILED = /^Listen failed for HOST (TCP|UDP) port (\S+): /;

/** passt of 2023 takes each host port number once, whatever the address; newer ones do not mind. */
const OVERLAP = /^Overlapping port specifier (\S+)/;

/** @throws PortTakenError, PermissionError, InvalidInputError or NetworkStartError. */
export async function explainPasstFailure(
  stderr: readonly string[],
  status: ExitStatus,
  forwards: readonly BoundForward[],
): Promise<never> {
  for (const line of stderr) {
    const overlap = OVERLAP.exec(line)?.[1];
    if (overlap !== undefined) {
      throw new InvalidInputError(
        'ports',
        `${overlap}: this passt takes a host port number from one address alone, and another forward has it`,
        { hint: 'choose another host port number, or 0.0.0.0 as the address for all IPv4 addresses' },
      );
    }
    const [, kind, endpoint] = LISTEN_FAILED.exec(line) ?? [];
    const refused = forwards.find(
      ({ protocol, hostAddress, hostPort }) =>
        protocol === kind?.toLowerCase() && `${hostAddress}/${hostPort}` === endpoint,
    );
    if (refused) return explainUnboundPort(refused);
    const unbound = /Failed to bind .* for (?:option )?'-([tu])\S* (\S+?):(\d+)'/.exec(line);
    const protocol = unbound?.[1] === 'u' ? 'udp' : 'tcp';
    const forward = forwards.find(
      (candidate) =>
        candidate.protocol === protocol &&
        `${candidate.hostAddress}/${candidate.hostPort}` === unbound?.[2] &&
        String(candidate.guestPort) === unbound[3],
    );
    if (forward) return explainUnboundPort(forward);
  }
  const advice = ADVICE.find(([pattern]) => stderr.some((line) => pattern.test(line)));
  throw new NetworkStartError(`passt ${describeExit(status)} before the guest was connected`, stderr, {
    hint: advice?.[1],
  });
}

/**
 * For a QEMU that ended at start: whether slirp could not make a forward.
 * @returns where it is something else.
 * @throws PortTakenError, PermissionError or InvalidInputError.
 */
export async function explainSlirpFailure(
  qemuStderr: readonly string[],
  forwards: readonly BoundForward[],
): Promise<void> {
  for (const line of qemuStderr) {
    const rule = /Could not set up host forwarding rule '(tcp|udp):([^:]+):(\d+)-/.exec(line);
    const forward = forwards.find(
      ({ protocol, hostAddress, hostPort }) =>
        protocol === rule?.[1] && hostAddress === rule[2] && String(hostPort) === rule[3],
    );
    if (forward) await explainUnboundPort(forward);
  }
}
