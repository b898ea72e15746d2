import { type ExitStatus, InvalidInputError, NetworkStartError, describeExit } from '../errors/index.ts';
import { explainUnboundPort } from '../network/ports/host-port.ts';
import type { BoundForward } from '../network/ports/port.ts';

/** Converts known output of the helpers to errors with advice for the user. */

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /user namespace|isolating namespaces/i,
    'allow user namespaces on this host (vmlet doctor shows how), or use --net slirp; passt needs user namespaces for its sandbox',
  ],
  [/seccomp/i, 'use --net slirp; passt could not install its seccomp filter'],
  // Not the settings that passt prints, such as `Template interface: eth0`.
  [
    /No such device|(?<!template |outbound )interface/i,
    'try again; a network interface of the host disappeared',
  ],
  [
    /unrecognized option|invalid option/i,
    'upgrade passt (the installed version is too old), or use --net slirp',
  ],
];

/** True when passt reports by this line that it cannot set up a forward. */
export function isRefusedForward(line: string): boolean {
  return line.startsWith('Failed to bind') || LISTEN_FAILED.test(line) || OVERLAP.test(line);
}

/** passt of 2026 prints the address and port, but not the target. */
const LISTEN_FAILED = /^Listen failed for HOST (TCP|UDP) port (\S+): /;

/** passt of 2023 accepts each host port number only once, for any address; newer ones do not mind. */
const OVERLAP = /^Overlapping port specifier (\S+)/;

/** Returns a forward as the user writes it, from passt's form `127.0.0.1/8080:80`. */
function asPublished(specifier: string): string {
  return specifier.replace(/^([^/]*:[^/]*)\//, '[$1]:').replace('/', ':');
}

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
        `${asPublished(overlap)} uses the same host port number as another forward, but this version of passt supports each host port number on only one address`,
        {
          hint: 'choose another host port number, or publish the port only once, on 0.0.0.0 (every IPv4 address)',
        },
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
    hint: advice?.[1] ?? 'try again, or use --net slirp',
  });
}

/**
 * For a QEMU that exited at start: checks whether slirp could not set up a forward.
 * @returns if the cause is another.
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
