import { InvalidInputError } from '../../errors/index.ts';
import type { ForkOptions, LaunchOptions, SeedOptions } from '../../index.ts';
import type { GuestCommandFlags } from './guest-command-flags.ts';

/** What commander makes of the flags that describe a machine that nobody keeps. */
export interface MachineFlags {
  readonly disk?: readonly string[];
  readonly memory?: string;
  readonly cpus?: number;
  readonly net?: string;
  readonly accel?: string;
  readonly limit?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly firmware?: string;
  readonly diskSize?: string;
  readonly pull?: string;
  readonly bootTimeout?: number;
  readonly console?: true;
  readonly debug?: true;
}

/** What commander makes of the flags of `vmlet run`. */
export interface RunFlags extends GuestCommandFlags, MachineFlags {
  readonly publish?: readonly string[];
  readonly name?: string;
  readonly template?: string;
  readonly timeout?: number;
  readonly dryRun?: true;
  readonly json?: true;
}

/** With a kernel of the user's or a template there is no image, and all the words are the command. */
export function splitWords(words: readonly string[], flags: RunFlags): { image?: string; command: string[] } {
  if (flags.kernel !== undefined || flags.template !== undefined) return { command: [...words] };
  const [image, ...rest] = words;
  if (image === undefined) {
    throw new InvalidInputError('image', 'none was given', {
      hint: 'for example: vmlet run micro -- uname -a, or vmlet run debian:13 -- cat /etc/os-release',
    });
  }
  // Whatever follows the image is the command's own, so that commander leaves its first -- in place.
  return { image, command: rest[0] === '--' ? rest.slice(1) : rest };
}

export function launchOptions(
  image: string | undefined,
  flags: RunFlags,
  seed: SeedOptions | undefined,
): LaunchOptions {
  return defined({ ...machineOptions(image, flags, seed), name: flags.name, ports: flags.publish });
}

/** The library validates them; its errors name the same words. */
export function machineOptions(
  image: string | undefined,
  flags: MachineFlags,
  seed: SeedOptions | undefined,
): Omit<LaunchOptions, 'name' | 'ports'> {
  return defined({
    image,
    kernel: flags.kernel,
    initrd: flags.initrd,
    append: flags.append,
    firmware: flags.firmware,
    diskSize: flags.diskSize,
    pull: flags.pull,
    seed,
    memory: flags.memory,
    cpus: flags.cpus,
    disks: flags.disk,
    net: flags.net,
    accel: flags.accel,
    limits: flags.limit,
    timeoutMs: flags.bootTimeout,
  });
}

/** The flags of `run` that say something which does not differ from one fork to the next. */
const SAME_IN_FORKS = [
  ...[
    'memory',
    'cpus',
    'disk',
    'accel',
    'limit',
    'kernel',
    'initrd',
    'append',
    'firmware',
    'diskSize',
    'pull',
  ],
  ...['cloudInit', 'username', 'sshKey', 'hostname', 'package', 'file', 'firstbootCommand', 'timezone'],
  ...['userData', 'networkConfig'],
];

/** @throws InvalidInputError for a flag that describes the machine, as the template does. */
export function forkOptions(flags: RunFlags): ForkOptions {
  const given = Object.keys(flags).find((flag) => SAME_IN_FORKS.includes(flag));
  if (given !== undefined) {
    const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new InvalidInputError('template', `${flag} cannot be had together with --template`, {
      hint: 'a fork has what its template has: leave it out, or make another template with it',
    });
  }
  return defined({ name: flags.name, ports: flags.publish, net: flags.net, timeoutMs: flags.bootTimeout });
}

function defined(options: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
