import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import * as z from 'zod';
import type { NetworkInput } from '../machine/network/network-place.ts';
import type { Accelerator } from '../host/kvm/accelerator.ts';
import { type MountSet, parseMounts } from '../machine/share/mount-set.ts';
import { guestTime } from '../machine/spec/guest-time.ts';
import { callerSchema, startOptions } from '../machine/spec/launch-options.ts';
import { shareOptions } from '../machine/spec/machine-options.ts';
import { NETS, networkFlag } from '../machine/spec/network-flag.ts';
import { flagsOf, withFlag } from '../machine/spec/option-flag.ts';
import type { RequestedBackend } from '../network/plan/network.ts';
import { firstCardOf } from '../network/private/network-name.ts';
import { type Published, parsePublished } from '../network/ports/socket-forward.ts';
import { parseOptions } from '../util/options/parse-options.ts';

const FORK_TIMEOUT_MS = 60_000;

const forkSchema = z.strictObject({
  /** A label, and the guest's host name; by default the template's name followed by random digits. */
  name: startOptions.name,
  /**
   * Forwards in podman's grammar, `[[ip:][host]:]guest[/tcp|udp]`; bound to 127.0.0.1 unless an address is given. Also
   * unix sockets, `/path/to.sock:guest`.
   */
  ports: startOptions.ports,
  /** MAC address of the first network card, unicast; a random one by default. Requires a template with a network. */
  mac: startOptions.mac,
  /**
   * As for a launch. A fork has a first card if its template has one; `none` requires a template without. Forks of a
   * template with slirp use slirp.
   */
  net: withFlag(z.enum(NETS).default('auto'), networkFlag('auto, passt, slirp or none')),
  /**
   * Directories of this host and volumes, as for a launch. With a directory, the fork gets a copy of the template's
   * memory, because virtiofsd has to share it.
   */
  volumes: shareOptions.volumes,
  /** The same in the grammar of podman's `--mount`, and tmpfs. */
  mounts: shareOptions.mounts,
  /**
   * How long to wait until the fork answers and has its copies of directories, in milliseconds; 60 000 by default, and six
   * times as much without KVM.
   */
  timeoutMs: startOptions.timeoutMs,
});

/** The command-line flags of a fork's options. */
export const forkFlags = flagsOf(forkSchema);

/** Options of a single fork, all optional. */
export interface ForkOptions extends Readonly<z.input<typeof forkSchema>> {
  /** As for a launch; at most as many as the template has spare cards. */
  readonly networks?: readonly NetworkInput[];
  /** Aborts the fork; once it runs, ends the machine. */
  readonly signal?: AbortSignal;
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Receives a copy of the guest's serial console output. */
  readonly console?: Writable;
}

export interface ForkSpec extends MountSet, Published {
  /** Undefined where the caller gave none. */
  readonly name: string | undefined;
  readonly net: RequestedBackend | 'none';
  /** Undefined where the caller gave none. */
  readonly mac: string | undefined;
}

/** @throws InvalidInputError naming the field, its value and what was expected. */
export function parseForkOptions(options: ForkOptions): ForkSpec {
  parseOptions(callerSchema, options);
  const { signal: _signal, log: _log, console: _console, networks = [], ...data } = options;
  const { name, ports, net, mac, volumes, mounts } = parseOptions(forkSchema, {
    ...data,
    net: firstCardOf(data.net, networks),
  });
  return {
    name,
    ...parsePublished(ports),
    net,
    mac,
    ...parseMounts({ volumes, mounts, directory: process.cwd() }),
  };
}

/** @param accelerator that of the template. */
export function timeoutOf(
  { timeoutMs }: Pick<ForkOptions, 'timeoutMs'>,
  accelerator: Pick<Accelerator, 'kind'>,
): number {
  return timeoutMs ?? guestTime(FORK_TIMEOUT_MS, accelerator);
}
