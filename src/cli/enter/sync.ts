import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { collect, durationMs } from '../flags/flag-values.ts';
import { nameFlag } from '../flags/option-flags.ts';
import { note } from '../output/say.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { parsePlace } from './place.ts';

interface Flags {
  readonly watch?: true;
  readonly ignore?: readonly string[];
  readonly ignoreFile?: readonly string[];
  readonly timeout?: number;
}

/** The numbers of one pass. */
interface Pass {
  readonly sent: number;
  readonly removed: number;
  readonly omitted: number;
}

export function syncCommand(): Command {
  const command = new Command('sync')
    .description(
      'Mirrors a directory of the host into a machine: copies differences, and removes files that do not ' +
        'exist on the host. Files count as equal if their size and time, or their size and contents, are equal. They belong to root in the ' +
        'machine, on its own file system. Changes there are overwritten when the file changes on the host.\n' +
        'Ignored paths are neither copied nor removed: node_modules in the machine stays. With --watch it then copies ' +
        'each change until Ctrl-C, and programs that watch files in the machine see every change.',
    )
    .argument('<source>', 'directory of the host')
    .argument('<target>', 'NAME:/PATH in a machine; created if missing')
    .option('--watch', 'then copy each change')
    .option('--ignore <pattern>', 'ignore these paths, as in .gitignore; repeatable', collect)
    .option('--ignore-file <file>', 'ignore the patterns of a file, such as .gitignore; repeatable', collect)
    .option('--timeout <time>', 'how long to wait for the agent (default: 30s)', durationMs)
    .action(sync);
  return nameFlag(command, 'ignoreFile', '--ignore-file');
}

async function sync(source: string, target: string, flags: Flags): Promise<void> {
  const { machine, path } = parsePlace(target);
  if (machine === undefined) {
    throw new InvalidInputError('target', `${JSON.stringify(target)}: expected NAME:/PATH`, {
      hint: 'for example: vmlet sync ./site web:/srv/site; to copy out of a machine, use: vmlet cp',
    });
  }
  const ignore = [...(flags.ignore ?? []), ...(flags.ignoreFile ?? []).map(patternsOf)];
  const live = new MachineStore().get(machine).live();
  await untilInterrupted(async (signal) => {
    const isWatching = flags.watch === true;
    const result = await live.sync(source, path, {
      ignore,
      signal,
      timeoutMs: flags.timeout,
      watch: isWatching,
      onLimit: () =>
        note(
          'too many directories to watch: scanning every 2 s instead; to prevent this, raise fs.inotify.max_user_watches',
        ),
      ...(isWatching && { onPass: tellOf(source) }),
    });
    note(summaryOf(result));
    tellOmitted(result);
    if (result.isUnsettled) {
      note('files were still changing while they were copied: sync again, or use --watch');
    }
  });
}

/** Prints each pass that has changed something, and the first one. */
function tellOf(source: string): (pass: Pass) => void {
  let isFirst = true;
  return (pass) => {
    if (isFirst || pass.sent + pass.removed > 0) note(summaryOf(pass));
    if (isFirst) {
      tellOmitted(pass);
      note(`watching ${source}; end with Ctrl-C`);
    }
    isFirst = false;
  };
}

function summaryOf({ sent, removed }: Pass): string {
  return sent + removed === 0 ? 'up to date' : `sent ${sent}, removed ${removed}`;
}

function tellOmitted({ omitted }: Pass): void {
  if (omitted > 0)
    note(`left out ${omitted} special ${omitted === 1 ? 'file' : 'files'} (devices, sockets, FIFOs)`);
}

function patternsOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new InvalidInputError('ignoreFile', `cannot be read: ${file}`, { cause: error });
  }
}
