import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { CreateOptions } from '../../machines/index.ts';
import { LIMIT_HELP, choice, collect, wholeNumber } from './flag-values.ts';
import { type SeedFlags, addSeedFlags } from './seed-flags.ts';

/** What commander makes of the flags that describe a machine. */
export interface CreateFlags extends SeedFlags {
  readonly memory?: string;
  readonly cpus?: number;
  readonly disk?: readonly string[];
  readonly image?: string;
  readonly adopt?: true;
  readonly iso?: string;
  readonly location?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly publish?: readonly string[];
  readonly net?: string;
  readonly firmware?: CreateOptions['firmware'];
  readonly pull?: CreateOptions['pull'];
  readonly diskSize?: string;
  readonly tpm?: true;
  readonly display?: CreateOptions['display'];
  readonly accel?: CreateOptions['accel'];
  readonly limit?: string;
  readonly label?: readonly string[];
  readonly sshUser?: string;
  readonly protect?: true;
}

export function addCreateFlags(command: Command): Command {
  command
    .option('-m, --memory <size>', 'memory such as 4G (default: 2G; 256M with --image micro)')
    .option('--cpus <n>', 'virtual processors (default: 2; 1 with --image micro)', wholeNumber)
    .option(
      '--disk <disk>',
      'an empty disk such as 20G, or FILE[,format=qcow2|raw][,trusted][,readonly|,adopt]; both take [,cache=none|unsafe][,nodiscard]',
      collect,
    )
    .option(
      '--image <image>',
      'boot an overlay on an image such as debian:13 or on a disk FILE (with a slash), or micro',
    )
    .option('--adopt', 'with --image FILE: write into the file itself')
    .option('--iso <file>', 'a CD in the drive, which boots while no disk does')
    .option('--location <path>', 'start the installer of this ISO or tree, its kernel loaded directly, once')
    .option('--kernel <file>', 'boot this Linux kernel')
    .option('--initrd <file>', 'initramfs for --kernel')
    .option(
      '--append <words>',
      "the kernel's command line, with --location or --kernel; more of it with micro",
    )
    .option('-p, --publish <port>', 'forward a port, [ip:][host]:guest[/tcp|udp]', collect)
    .option('--net <kind>', 'auto, passt, slirp, none or bridge=NAME (default: auto)')
    .option('--tpm', 'a TPM 2.0, by swtpm')
    .addOption(
      new Option('--display <kind>', 'a screen (default: vnc, none for a kernel)').choices(['vnc', 'none']),
    )
    .addOption(new Option('--accel <kind>', 'what runs it (default: auto)').choices(['auto', 'kvm', 'tcg']))
    .option('--limit <limits>', LIMIT_HELP)
    .option('-l, --label <key=value>', 'a label, for ls --filter', collect)
    .option('--ssh-user <user>', 'where ssh logs in (default: the user of the first boot, else root)')
    .option('--protect', 'refuse to be removed');
  return addSeedFlags(addImageFlags(command, '20G, or what the image has'));
}

/** What `run` and `create` take alike of an image and how it boots. */
export function addImageFlags(command: Command, diskSize: string): Command {
  return command
    .addOption(
      choice('--pull <when>', 'get the image anew from its publisher (default: missing)', [
        ...['missing', 'always', 'newer', 'never'],
      ]),
    )
    .option('--disk-size <size>', `size of the image's disk in the guest (default: ${diskSize})`)
    .addOption(
      choice('--firmware <kind>', 'what boots a disk (default: what its image needs, else bios)', [
        ...['bios', 'uefi', 'uefi-secure'],
      ]),
    );
}

export function createOptions(
  name: string,
  flags: CreateFlags,
  seed: CreateOptions['seed'] | undefined,
): CreateOptions {
  const { disk, publish, label, limit, ...same } = flags;
  const given = {
    ...Object.fromEntries(Object.entries(same).filter(([key]) => CREATE_KEYS.has(key))),
    name,
    disks: disk,
    seed,
    ports: publish,
    limits: limit,
    labels: label && labelsOf(label),
  };
  // The library validates them; its errors name the same words.
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as unknown as CreateOptions;
}

const CREATE_KEYS: ReadonlySet<string> = new Set([
  ...['memory', 'cpus', 'image', 'adopt', 'iso', 'location', 'kernel', 'initrd', 'append', 'net', 'firmware'],
  ...['tpm', 'display', 'accel', 'sshUser', 'protect', 'pull', 'diskSize'],
]);

/** `key=value`; a key alone has an empty value. */
export function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [key = '', ...rest] = text.split('=');
      if (key === '') {
        throw new InvalidInputError('label', `${JSON.stringify(text)} has no key`, {
          hint: 'expected KEY=VALUE',
        });
      }
      return [key, rest.join('=')];
    }),
  );
}
