import { Command } from 'commander';
import { templateCreateCommand } from './template-create.ts';
import { templateInspectCommand } from './template-inspect.ts';
import { templateLsCommand } from './template-ls.ts';
import { templateRmCommand } from './template-rm.ts';

/** The verbs of templates, one file each. */
export function templateCommand(): Command {
  return new Command('template')
    .description(
      'Manages templates: booted guests that are saved with their memory. vmlet run --template forks (copies) these guests.',
    )
    .addCommand(templateCreateCommand())
    .addCommand(templateLsCommand())
    .addCommand(templateInspectCommand())
    .addCommand(templateRmCommand());
}
