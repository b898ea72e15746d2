import { Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { bootNews } from '../lifecycle/boot-news.ts';
import { debugLog } from '../output/debug-log.ts';
import { textOf } from '../flags/file-of-flag.ts';
import { type MachineFlags, addTemplateFlags, launchOptions } from '../flags/machine-flags.ts';
import { ProgressLine } from '../output/progress.ts';
import { templateFlags } from '../../public/options.ts';
import { collect, wholeNumber } from '../flags/flag-values.ts';
import { nameFlag } from '../flags/option-flags.ts';
import { type SeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { templateRow } from './template-ls.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printJson, printLine } from '../output/say.ts';

interface Flags extends MachineFlags, SeedFlags {
  readonly image?: string;
  readonly run?: readonly string[];
  readonly networkCards?: number;
  readonly replace?: true;
  readonly reuse?: true;
  readonly kept?: true;
  readonly json?: true;
}

export function templateCreateCommand(): Command {
  const command = new Command('create')
    .summary('boot a guest and save it as a template')
    .description(
      'Boots a guest, runs the commands given with --run in the guest, and saves its memory and disks as a template. vmlet ' +
        'run --template NAME starts a copy of this guest (a fork). The template occupies about as much disk space as the guest ' +
        'used memory. To remove it: vmlet template rm NAME.',
    )
    .argument('<name>', 'name of the template')
    .option('--image <image>', 'image to boot (default: micro)')
    .option(
      '--run <command>',
      'shell command to run in the guest as root, or @FILE to read the command from a file; repeatable, in the given order',
      collect,
    )
    .option('--replace', 'replace an existing template')
    .option(
      '--reuse',
      'keep an existing template if its image, options, kernel modules and commands are the same and it still works on this host; otherwise replace it',
    )
    .option('--kept', 'fork the kept guest of vmlet run, instead of booting')
    .option('--json', 'print the template as JSON');
  addTemplateFlags(command).addOption(
    new Option(
      '--network-cards <number>',
      'number of private networks that each fork can join, by vmlet run --template NAME --network NETWORK: 0 to 8 (default: 0)',
    )
      .argParser(wholeNumber)
      .helpGroup('Network:'),
  );
  return nameFlag(command, 'networkCards', '--network-cards').action(create);
}

async function create(name: string, flags: Flags): Promise<void> {
  const { createTemplate } = await import('../../index.ts');
  const existing = existingOf(flags);
  const options = launchOptions(flags.image, flags, await seedOptions(flags), templateFlags);
  const run = (flags.run ?? []).map(commandOf);
  const log = flags.debug && (await debugLog());
  const progress = new ProgressLine();
  await untilInterrupted(async (signal) => {
    try {
      const template = await createTemplate({
        ...options,
        ...bootNews(progress, flags),
        ...{ name, existing, run, signal },
        ...(flags.kept && { kept: 'use' }),
        ...(flags.networkCards !== undefined && { networkCards: flags.networkCards }),
        ...(flags.console && { console: process.stderr }),
        ...(log && { log }),
      });
      progress.clear();
      const row = flags.json && (await templateRow({ name, template, problem: undefined }));
      if (row) printJson({ version: 1, template: row });
      else printLine(name);
    } finally {
      progress.clear();
    }
  });
}

function existingOf({ replace, reuse }: Flags): 'refuse' | 'replace' | 'reuse' {
  if (replace && reuse) {
    throw new InvalidInputError('replace', 'cannot be used together with --reuse', {
      hint: 'leave out --replace or --reuse',
    });
  }
  return replace ? 'replace' : reuse ? 'reuse' : 'refuse';
}

/** As in curl, a value that begins with @ names a file. */
function commandOf(text: string): string {
  return text.startsWith('@') ? textOf(text.slice(1), '--run') : text;
}
