import type { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { GuestCommandFlags } from './guest-command-flags.ts';
import type { MachineFlags } from './machine-flags.ts';

/** Flags of `vmlet run`, apart from the library's options. */
export interface RunFlags extends GuestCommandFlags, MachineFlags {
  readonly detach?: true;
  readonly name?: string;
  readonly rm?: true;
  readonly kernel?: string;
  readonly template?: string;
  readonly pool?: string;
  readonly fresh?: true;
  readonly renew?: true;
  readonly timeout?: number;
  readonly dieWithParent?: boolean;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Flags of a run in a pool; all others describe a machine, or how it starts. */
export const OF_POOLED_RUN: readonly string[] = [
  ...['interactive', 'tty', 'env', 'workdir', 'user'],
  ...['pool', 'timeout', 'dieWithParent', 'rm'],
];

/** The image that goes together with --kernel. */
const HOST = 'host';

/**
 * Reads options between the image and the `--` before the command, as in `host --kernel bzImage -- dmesg`.
 * @returns the other words: the image and the command.
 */
export function readLaterOptions(
  command: Command,
  words: readonly string[],
  flags: RunFlags,
): readonly string[] {
  const [image, first] = words;
  if (!hasImage(image, flags)) return words;
  // A command has no name that begins with a dash.
  if (image === undefined || first?.startsWith('-') !== true || first === '--' || !words.includes('--'))
    return words;
  const { operands, unknown } = command.parseOptions(words.slice(1));
  const [wrong] = unknown;
  if (wrong !== undefined) throw new InvalidInputError(wrong, 'unknown option');
  return [image, '--', ...operands];
}

/** With --kernel there is no image but the host's system, with --template and --pool none; all words are the command. */
export function splitWords(words: readonly string[], flags: RunFlags): { image?: string; command: string[] } {
  const [image, ...rest] = words;
  if (!hasImage(image, flags)) return { command: [...words] };
  if (image === undefined) {
    throw new InvalidInputError('image', 'missing', {
      hint: 'for example: vmlet run micro -- uname -a, or vmlet run debian:13 -- cat /etc/os-release',
    });
  }
  // commander keeps the first `--` after the image, since the words there belong to the command.
  return { image, command: rest[0] === '--' ? rest.slice(1) : rest };
}

function hasImage(first: string | undefined, { template, pool, kernel }: RunFlags): boolean {
  return (template ?? pool) === undefined && (kernel === undefined || first === HOST);
}
