import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { LaunchOptions, Template } from '../../index.ts';
import { keptByDefault, templateFlags } from '../../public/options.ts';
import { checkNewPool } from '../../public/new-pool.ts';
import { debugLog, stderrLog } from '../output/debug-log.ts';
import { durationMs, wholeNumber } from '../flags/flag-values.ts';
import { type MachineFlags, addTemplateFlags, launchOptions } from '../flags/machine-flags.ts';
import { refuseMachineFlags } from '../flags/refused-flags.ts';
import { type SeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { bootNews } from '../lifecycle/boot-news.ts';
import { ProgressLine } from '../output/progress.ts';
import { printLine } from '../output/say.ts';
import { Interrupts } from '../session/interrupts.ts';

interface Flags extends MachineFlags, SeedFlags {
  readonly image?: string;
  readonly template?: string;
  readonly size?: number;
  readonly idle?: number;
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
}

const HOUR_MS = 3_600_000;

export function poolServeCommand(): Command {
  const command = new Command('serve')
    .summary('run a pool in the foreground')
    .description(
      'Runs a pool in the foreground, for a service manager such as systemd. Prints the name of the pool when all guests are ' +
        'ready. The pool ends on Ctrl-C, on SIGTERM, with vmlet pool rm, or when it has not been used for the time set with ' +
        '--idle. Otherwise it works like a pool of vmlet pool create.',
    );
  return addPoolFlags(command).action(serve);
}

/** Adds the argument and flags that `pool create` and `pool serve` share. */
export function addPoolFlags(command: Command): Command {
  command
    .argument('<name>', 'name of the pool')
    .option('--image <image>', 'image to boot (default: micro)')
    .option('--template <template>', 'start from this template instead of booting an image')
    .option('--size <number>', 'number of guests to keep ready, from 1 to 64 (default: 2)', wholeNumber)
    .option(
      '--idle <time>',
      'end the pool when it has not been used for this time (default: 1h)',
      durationMs,
    );
  return addTemplateFlags(command);
}

async function serve(name: string, flags: Flags): Promise<void> {
  checkNewPool({ name, ...flags });
  const { servePool } = await import('../../index.ts');
  const log = flags.debug && (await debugLog());
  using interrupts = new Interrupts();
  const progress = new ProgressLine();
  const options = {
    ...{ name, idleMs: flags.idle ?? HOUR_MS, signal: interrupts.signal },
    ...(flags.size !== undefined && { size: flags.size }),
    // A pool that lacks memory says so in its log.
    log: log || (await stderrLog('warn')),
  };
  try {
    await withTemplate(
      flags,
      { signal: interrupts.signal, ...(log && { log }), ...bootNews(progress, flags) },
      async (template) => {
        progress.show(`starting the guests of pool "${name}"…`);
        await using server = await servePool(template, options);
        interrupts.whenAsked = () => void server.close();
        progress.clear();
        printLine(name);
        await server.ended;
      },
    );
  } finally {
    progress.clear();
  }
}

type BootOptions = Pick<LaunchOptions, 'signal' | 'log' | 'onProgress'>;

/** The template is that of the flag, or one that lives as long as the work. */
async function withTemplate(
  flags: Flags,
  options: BootOptions,
  work: (template: Template) => Promise<void>,
): Promise<void> {
  const { createTemplate, openTemplate } = await import('../../index.ts');
  if (flags.template !== undefined) {
    refuseMachineFlags('--template', flags, ['image', 'console'], process.argv);
    await work(openTemplate(flags.template));
    return;
  }
  refuseMounts(flags);
  const guest = launchOptions(flags.image, flags, await seedOptions(flags), templateFlags);
  await using template = await createTemplate({
    ...guest,
    ...options,
    ...(flags.console && { console: process.stderr }),
    kept: keptByDefault(process.env),
  });
  await work(template);
}

/** @throws InvalidInputError with other advice than that of the library: `run --pool` mounts nothing either. */
function refuseMounts({ volume, mount }: Flags): void {
  if ((volume ?? mount) === undefined) return;
  throw new InvalidInputError(
    volume === undefined ? 'mounts' : 'volumes',
    'the guests of a pool cannot have shared directories, volumes or tmpfs',
    { hint: 'mount them in the forks of a template instead: vmlet run --template NAME -v SRC:DST …' },
  );
}
