import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import * as z from 'zod';
import type { NetworkInput } from '../machine/network/network-place.ts';
import { startOptions } from '../machine/spec/launch-options.ts';
import { flagsOf, withFlag } from '../machine/spec/option-flag.ts';
import { REQUESTED_BACKENDS, type RequestedBackend } from '../network/plan/network.ts';
import { type PortForward, parsePortForwards } from '../network/ports/port.ts';
import { parseOptions } from '../util/options.ts';

const FORK_TIMEOUT_MS = 60_000;

const forkSchema = z.strictObject({
  /** A label, and the guest's host name; the template's with random digits behind it by default. */
  name: startOptions.name,
  /** Forwards in podman's grammar, `[ip:][host]:guest[/tcp|udp]`; bound to 127.0.0.1 unless told otherwise. */
  ports: startOptions.ports,
  /** As for a launch; only for a template that has a network. With one that was made with slirp it is slirp. */
  net: withFlag(z.enum(REQUESTED_BACKENDS).default('auto'), {
    flag: '--net <kind>',
    group: 'Network',
    description: 'network',
  }),
  /** Milliseconds until the fork answers; 60 000 by default. */
  timeoutMs: startOptions.timeoutMs,
});

/** The options of a fork that a command line has flags for. */
export const forkFlags = flagsOf(forkSchema);

/** What differs from one fork to the next. Everything is optional. */
export interface ForkOptions extends Readonly<z.input<typeof forkSchema>> {
  /** As for a launch; as many as the template has cards for. */
  readonly networks?: readonly NetworkInput[];
  /** Aborting ends the fork, and later the machine. */
  readonly signal?: AbortSignal;
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Gets a copy of what the guest writes on its serial console. */
  readonly console?: Writable;
}

export interface ForkSpec {
  /** Undefined for one that nobody has yet. */
  readonly name: string | undefined;
  readonly ports: readonly PortForward[];
  readonly net: RequestedBackend;
}

/** @throws InvalidInputError that names the field, what it held and what would be right. */
export function parseForkOptions(options: ForkOptions): ForkSpec {
  const { signal: _signal, log: _log, console: _console, networks: _networks, ...data } = options;
  const { name, ports, net } = parseOptions(forkSchema, data);
  return { name, ports: parsePortForwards(ports), net };
}

export function timeoutOf({ timeoutMs = FORK_TIMEOUT_MS }: Pick<ForkOptions, 'timeoutMs'>): number {
  return timeoutMs;
}
