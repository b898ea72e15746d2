import { Command } from 'commander';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { reportError } from '../output/report-error.ts';
import { templateRow } from './template-ls.ts';

export function templateInspectCommand(): Command {
  const command = new Command('inspect')
    .summary('show everything about templates as JSON')
    .description(
      'Shows everything about templates as JSON, including their paths. If a template cannot be used, the output contains the reason.',
    )
    .argument('<templates...>', 'names of the templates');
  return addFormatOptions(command, '{{.Name}} {{.Directory}}').action(inspect);
}

async function inspect(names: string[], flags: FormatFlags): Promise<void> {
  const { openTemplate } = await import('../../index.ts');
  const templates: object[] = [];
  for (const name of names) {
    try {
      const template = openTemplate(name);
      const { directory, inputs, basis } = template;
      const row = await templateRow({ name, template, problem: undefined });
      templates.push({ ...row, directory, inputs, basis });
    } catch (error) {
      process.exitCode = reportError(error);
    }
  }
  printRecords({ format: 'json', ...flags }, 'templates', templates);
}
