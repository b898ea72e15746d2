import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { collect, durationMs } from '../flags/flag-values.ts';
import { nameFlag } from '../flags/option-flags.ts';
import { describeSystemError } from '../output/report-error.ts';
import { note } from '../output/say.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { parsePlace } from './place.ts';

interface Flags {
  readonly watch?: true;
  readonly ignore?: readonly string[];
  readonly ignoreFile?: readonly string[];
  readonly gitignore?: true;
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
      'Mirrors DIR, a directory of the host, to GUEST-PATH in a machine: copies files that differ, and removes files ' +
        'from GUEST-PATH that are not in DIR. Changes that were made in GUEST-PATH are lost. A file is not copied if its ' +
        'size and modification time, or its size and contents, are the same there. In the machine, the files belong to root. ' +
        'The guest must have vmlet’s agent.\n' +
        'Ignored paths are neither copied nor removed. With --watch, vmlet keeps running until Ctrl-C and copies each ' +
        'change that is made in DIR; programs that watch the files in the machine notice these changes. A change ' +
        'that is made in GUEST-PATH meanwhile is kept until the same file changes in DIR.',
    )
    .argument('<dir>', 'directory of the host')
    .argument('<guest-path>', 'NAME:/PATH in a machine; created if missing')
    .option('--watch', 'keep running, and copy each change that is made in DIR')
    .option(
      '--ignore <pattern>',
      'ignore paths that match this pattern (.gitignore syntax); repeatable',
      collect,
    )
    .option(
      '--ignore-file <file>',
      'file with patterns of paths to ignore, such as .gitignore; repeatable',
      collect,
    )
    .option(
      '--gitignore',
      'also apply the .gitignore files in DIR and its subdirectories, as git does, but not those above DIR; matching files ' +
        'are ignored even if git tracks them; --ignore takes precedence',
    )
    .option('--timeout <time>', 'how long to wait for an agent in the guest (default: 30s)', durationMs)
    .action(sync);
  return nameFlag(command, 'ignoreFile', '--ignore-file');
}

async function sync(source: string, target: string, flags: Flags): Promise<void> {
  const { machine, path } = parsePlace(target);
  if (machine === undefined) {
    throw new InvalidInputError(
      'guest-path',
      `invalid value ${JSON.stringify(target)}: expected NAME:/PATH`,
      {
        hint: 'for example: vmlet sync ./site web:/srv/site; to copy out of a machine, use: vmlet cp',
      },
    );
  }
  const ignore = [...(flags.ignore ?? []), ...(flags.ignoreFile ?? []).map(patternsOf)];
  const live = new MachineStore().get(machine).live();
  await untilInterrupted(async (signal) => {
    const isWatching = flags.watch === true;
    const result = await live.sync(source, path, {
      ignore,
      gitignore: flags.gitignore === true,
      signal,
      timeoutMs: flags.timeout,
      watch: isWatching,
      onLimit: () =>
        note(
          `too many directories to watch: vmlet scans ${source} every 2 s instead`,
          'to watch them, raise the sysctl fs.inotify.max_user_watches or fs.inotify.max_user_instances, then run vmlet sync again',
        ),
      ...(isWatching && { onPass: tellOf(source) }),
    });
    note(summaryOf(result));
    tellOmitted(result);
    if (result.isUnsettled) {
      note('some files changed while they were copied; run vmlet sync again, or use --watch');
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
      note(`watching ${source}; press Ctrl-C to exit`);
    }
    isFirst = false;
  };
}

function summaryOf({ sent, removed }: Pass): string {
  return sent + removed === 0 ? 'up to date' : `sent ${sent}, removed ${removed}`;
}

function tellOmitted({ omitted }: Pass): void {
  if (omitted > 0)
    note(
      `left out ${omitted} ${omitted === 1 ? 'file' : 'files'} (devices, sockets, FIFOs, or names that are not UTF-8)`,
    );
}

function patternsOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new InvalidInputError('ignoreFile', describeSystemError(error), { cause: error });
  }
}
