import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionsFor } from '../../../../src/cli/completion/candidates.ts';

function program(): Command {
  const vmlet = new Command('vmlet').enablePositionalOptions();
  vmlet
    .command('run')
    .description('runs')
    .argument('<file>')
    .argument('[command...]')
    .option('-i, --interactive', 'a switch')
    .option('-m, --memory <size>', 'a value')
    .option('--kernel <file>', 'a file')
    .option('--template <name>', 'a guest')
    .option('-w, --workdir <dir>', 'a directory')
    .option('--tone [kind]', 'a value or none')
    .option('--format <format>', 'json or a text with fields')
    .addOption(new Option('--net <kind>', 'one of some').choices(['passt', 'none']))
    .option('--nets, --networks <net>', 'a first card or a private network')
    .addOption(new Option('--secret <kind>').hideHelp())
    .passThroughOptions();
  vmlet
    .command('exec')
    .description('enters')
    .argument('<file>')
    .argument('[command...]')
    .option('-i, --interactive', 'a switch')
    .passThroughOptions();
  vmlet
    .command('stop')
    .addArgument(new Argument('[how...]').choices(['fast', 'slow']))
    .option('--force');
  const image = vmlet.command('image').description('images');
  image.command('ls').summary('lists').option('--json');
  image.command('push', { hidden: true });
  const qmp = vmlet
    .command('qmp')
    .argument('<path>')
    .action(() => undefined);
  qmp.command('types');
  return vmlet;
}

async function complete(...words: string[]): Promise<string[]> {
  const { candidates, paths } = await completionsFor(program(), words);
  return [...candidates.map(({ value }) => value), ...(paths === 'none' ? [] : [`(${paths})`])];
}

describe('completion', () => {
  it.each([
    ['verbs', [''], ['run', 'exec', 'stop', 'image', 'qmp', 'help']],
    ['the verbs with this prefix', ['i'], ['image']],
    ['the verbs after help', ['help', 'i'], ['image']],
    ['the subcommands of a verb', ['image', ''], ['ls', 'help']],
    ['the subcommands of a verb after help', ['image', 'help', 'l'], ['ls']],
    ['the flags of a subcommand', ['image', 'ls', '-'], ['--json', '--help']],
    ['the flags with this prefix', ['run', '--me'], ['--memory']],
    ['nothing for an unknown verb', ['nothing', ''], []],
    ['an argument', ['run', ''], ['(files)']],
    ['an argument beside subcommands', ['qmp', ''], ['types', '(files)']],
    ['choices', ['run', '--net', ''], ['passt', 'none']],
    ['the word of a format', ['run', '--format', ''], ['json']],
    ['choices after an equals sign', ['run', '--net=p'], ['--net=passt']],
    ['words for the first network card by the long flag', ['run', '--networks', 'non'], ['none']],
    ['words for the first network card by the other', ['run', '--nets=sli'], ['--nets=slirp']],
    ['files after an equals sign', ['run', '--kernel=x'], ['(files)']],
    ['directories', ['run', '-w', ''], ['(directories)']],
    ['the value of the last short flag', ['run', '-iw', ''], ['(directories)']],
    ['nothing for a value of unknown kind', ['run', '-m', ''], []],
    ['nothing for a flag without a value', ['run', '--interactive=x'], []],
    ['nothing for an unknown flag', ['run', '--nothing=x'], []],
    ['the words after a value', ['run', '-m', '5', ''], ['(files)']],
    ['the words after a value in the same word', ['run', '-m5', ''], ['(files)']],
    ['the words after a value with an equals sign', ['run', '--memory=5', ''], ['(files)']],
    ['a flag after one with an optional value', ['run', '--tone', '-i', ''], ['(files)']],
    ['an argument after an optional value', ['run', '--tone', 'high', ''], ['(files)']],
    ['no flags after --', ['run', '--', '-'], ['(files)']],
    ['no own flags if the rest is passed on', ['exec', 'x', '-'], []],
    ['flags between the image and --', ['run', 'x', '--me'], ['--memory']],
    ['no flags after the image and --', ['run', 'x', '--', '--me'], []],
    ['no flags after the command of a template', ['run', '--template', 't', 'ls', '-'], []],
    ['no flags after the command of a kernel', ['run', '--kernel=x', 'ls', '--me'], []],
    ['flags after the host’s system with a kernel', ['run', '--kernel=x', 'host', '--me'], ['--memory']],
    ['no flags after the first word of a command', ['run', 'x', 'ls', '--me'], []],
    ['each of several arguments', ['stop', 'fast', ''], ['slow']],
    ['flags after an argument', ['stop', 'fast', '--f'], ['--force']],
  ])('offers %s', async (_what, words, expected) => {
    expect((await complete(...words)).sort()).toEqual(expected.sort());
  });

  it('describes verbs and flags', async () => {
    const { candidates } = await completionsFor(program(), ['']);
    expect(candidates.find(({ value }) => value === 'run')?.description).toBe('runs');
    const flags = await completionsFor(program(), ['run', '--int']);
    expect(flags.candidates).toEqual([{ value: '--interactive', description: 'a switch' }]);
  });
});
