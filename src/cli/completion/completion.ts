import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { packageFile } from '../../util/package-file.ts';

// src/cli and the bundled command in dist/bin are equally deep below the package.
const SCRIPTS = packageFile('src/cli/completion/scripts');
const FILES = { bash: 'vmlet.bash', zsh: '_vmlet', fish: 'vmlet.fish' } as const;

export function completionCommand(): Command {
  return new Command('completion')
    .description('Prints a shell completion script for vmlet.')
    .addArgument(new Argument('<shell>', 'shell').choices(Object.keys(FILES)))
    .addHelpText(
      'after',
      [
        '',
        'To load completions in every new shell:',
        '  vmlet completion bash > ~/.local/share/bash-completion/completions/vmlet',
        '  vmlet completion zsh > DIR/_vmlet      where DIR is in $fpath',
        '  vmlet completion fish > ~/.config/fish/completions/vmlet.fish',
      ].join('\n'),
    )
    .action((shell: keyof typeof FILES) => {
      process.stdout.write(readFileSync(join(SCRIPTS, FILES[shell])));
    });
}
