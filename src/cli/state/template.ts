import { Command } from 'commander';
import { templateCreateCommand } from './template-create.ts';
import { templateInspectCommand } from './template-inspect.ts';
import { templateLsCommand } from './template-ls.ts';
import { templateRmCommand } from './template-rm.ts';

/** The verbs of templates, one file each. */
export function templateCommand(): Command {
  return new Command('template')
    .description(
      'Manages templates. A template is a booted guest that is saved with its memory. vmlet run --template NAME starts a copy ' +
        'of this guest (a fork).',
    )
    .addCommand(templateCreateCommand())
    .addCommand(templateLsCommand())
    .addCommand(templateInspectCommand())
    .addCommand(templateRmCommand());
}
