import { adviceOn } from './habits.ts';

const PORT = 'to forward a port: vmlet port add NAME PORT';
const SHARE = 'to share a directory or mount a volume: vmlet share add NAME SRC:DST';

/** Options of `vmlet create` that another command changes afterwards. */
const OF_SET: Readonly<Record<string, string>> = {
  '-p': PORT,
  '-v': SHARE,
  '--disk': 'to add a disk: vmlet disk add NAME DISK',
  '--disk-size': 'to resize a disk: vmlet disk resize NAME DISK-NAME SIZE',
  '--iso': 'to insert a CD: vmlet cd insert NAME FILE',
  '--mount': SHARE,
  '--name': 'to rename a machine: vmlet rename NAME NEW',
  '--protect': 'to protect a machine: vmlet protect NAME',
  '--publish': PORT,
  '--volume': SHARE,
};

/** Options of `vmlet create` that install a system, which a throw-away machine would lose. */
const OF_INSTALLATION: Readonly<Record<string, string>> = {
  '--location':
    'to install by the kernel of an installer: vmlet create NAME --location ISO --disk SIZE --start',
};

/** By the command that lacks them. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  run: OF_INSTALLATION,
  set: OF_SET,
};

/**
 * Returns the command to use instead of one that commander rejected.
 * @param words of the command line, from the verb on.
 * @param problem commander's message.
 */
export function usageHint(words: readonly string[], problem: string): string | undefined {
  const option = /^error: unknown option '(.*)'$/s.exec(problem)?.[1];
  if (option !== undefined) return hintForOption(words, option);
  const isImage = words[0] === 'create' && problem.startsWith('error: too many arguments');
  return isImage ? 'the image is an option: vmlet create NAME --image IMAGE' : undefined;
}

function hintForOption([verb, subcommand]: readonly string[], option: string): string | undefined {
  if (verb === 'disk' && subcommand === 'resize' && /^-\d/.test(option)) {
    return 'to make a disk smaller, give its new size and --shrink';
  }
  const flag = /^(?:--[^=]+|-.)/.exec(option)?.[0] ?? option;
  if (verb === 'run' && ['--cdrom', '--iso'].includes(flag)) return adviceOn('virt-install');
  const options = OPTIONS[verb ?? ''] ?? {};
  return Object.hasOwn(options, flag) ? options[flag] : undefined;
}
