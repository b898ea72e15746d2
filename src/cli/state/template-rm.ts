import { Command } from 'commander';
import { TemplateNotFoundError } from '../../errors/index.ts';
import { eachName } from '../session/each-machine.ts';

export function templateRmCommand(): Command {
  return new Command('rm')
    .summary('remove templates')
    .description('Removes templates, damaged ones too. Machines that were forked of one go on.')
    .argument('<templates...>', 'their names')
    .option('-i, --ignore', 'take no offence at templates that are not there')
    .action(async (names: string[], { ignore }: { ignore?: true }) => {
      const { removeTemplate } = await import('../../index.ts');
      await eachName(names, (name) => {
        try {
          removeTemplate(name);
        } catch (error) {
          if (!ignore || !(error instanceof TemplateNotFoundError)) throw error;
        }
      });
    });
}
