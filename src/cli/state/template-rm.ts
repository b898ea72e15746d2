import { Command } from 'commander';
import { TemplateNotFoundError } from '../../errors/index.ts';
import { NOTHING_DONE, eachName } from '../session/each-machine.ts';

export function templateRmCommand(): Command {
  return new Command('rm')
    .summary('remove templates')
    .description(
      'Removes templates, including damaged ones. Machines that were started from a template are not affected. ' +
        'A template that a pool uses cannot be removed.',
    )
    .argument('<templates...>', 'names of the templates')
    .option('-i, --ignore', 'ignore templates that do not exist')
    .action(async (names: string[], { ignore }: { ignore?: true }) => {
      const { removeTemplate } = await import('../../index.ts');
      await eachName(names, (name) => {
        try {
          return removeTemplate(name);
        } catch (error) {
          if (!ignore || !(error instanceof TemplateNotFoundError)) throw error;
          return NOTHING_DONE;
        }
      });
    });
}
