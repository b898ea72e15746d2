import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { bootNews } from '../lifecycle/boot-news.ts';
import { debugLog } from '../output/debug-log.ts';
import { textOf } from '../flags/file-of-flag.ts';
import { type MachineFlags, addMachineFlags, launchOptions } from '../flags/machine-flags.ts';
import { ProgressLine } from '../output/progress.ts';
import { launchFlags } from '../../public/options.ts';
import { collect } from '../flags/flag-values.ts';
import { type SeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { templateRow } from './template-ls.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printJson, printLine } from '../output/say.ts';

/** Its name is an argument, and each fork has ports of its own. */
const templateFlags = launchFlags.filter(({ option }) => option !== 'name' && option !== 'ports');

interface Flags extends MachineFlags, SeedFlags {
  readonly image?: string;
  readonly run?: readonly string[];
  readonly replace?: true;
  readonly reuse?: true;
  readonly json?: true;
}

export function templateCreateCommand(): Command {
  const command = new Command('create')
    .summary('boot a guest, warm it up and keep it with its memory')
    .description(
      'Boots a guest, runs what warms it up, and keeps it as it stands then, memory and all. Each machine of\n' +
        'vmlet run --template NAME goes on there. It stays until it is removed, and takes the room of its memory.',
    )
    .argument('<name>', "the template's name")
    .option('--image <image>', 'what to boot (default: micro)')
    .option(
      '--run <command>',
      "for the guest's shell, as root; @FILE: what is in this file; several in order",
      collect,
    )
    .option('--replace', 'in the place of one of this name')
    .option('--reuse', 'leave one of this name that was made of the same, and still fits, as it is')
    .option('--json', 'print the template as JSON');
  return addMachineFlags(command, templateFlags).action(create);
}

async function create(name: string, flags: Flags): Promise<void> {
  const { createTemplate } = await import('../../index.ts');
  const existing = existingOf(flags);
  const options = launchOptions(flags.image, flags, await seedOptions(flags));
  const run = (flags.run ?? []).map(commandOf);
  const log = flags.debug && (await debugLog());
  const progress = new ProgressLine();
  await untilInterrupted(async (signal) => {
    try {
      const template = await createTemplate({
        ...options,
        ...bootNews(progress, flags),
        ...{ name, existing, run, signal },
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
    throw new InvalidInputError('replace', 'cannot be had together with --reuse', {
      hint: 'choose whether one that is there already stays',
    });
  }
  return replace ? 'replace' : reuse ? 'reuse' : 'refuse';
}

/** As curl has it: what begins with @ names a file. */
function commandOf(text: string): string {
  return text.startsWith('@') ? textOf(text.slice(1), '--run') : text;
}
