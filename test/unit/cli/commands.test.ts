import { describe, expect, it } from 'vitest';
import { GROUPS, VERBS, loadVerb } from '../../../src/cli/commands.ts';
import type { Command } from 'commander';
import { programFor } from '../../../src/cli/program.ts';

describe('the table of verbs', () => {
  it.each(Object.keys(VERBS))(
    'loads %s under its own name, with a description and an action',
    async (name) => {
      const command = await loadVerb(name);
      expect(command?.name()).toBe(name);
      expect(command?.description()).not.toBe('');
    },
  );

  it('does not treat properties of Object as verbs', async () => {
    expect(await loadVerb('constructor')).toBeUndefined();
  });
});

describe('the program', () => {
  it('loads only the requested verb', async () => {
    const program = await programFor(['image', 'ls'], '1');
    const loaded = program.commands.filter(({ commands, options }) => commands.length + options.length > 0);
    expect(loaded.map((command) => command.name())).toEqual(['image']);
  });

  it('loads the verb whose help is requested', async () => {
    const program = await programFor(['help', 'doctor'], '1');
    expect(program.commands.find((command) => command.name() === 'doctor')?.options).not.toHaveLength(0);
  });

  it.each(Object.keys(VERBS))('describes %s and its subcommands in one style', async (name) => {
    const program = await programFor([name], '1');
    const described = program.commands.filter((command) => command.name() === name).flatMap(withSubcommands);
    for (const command of described) {
      expect.soft(command.summary(), command.name()).toMatch(/^[a-z].*[^.]$/);
      expect.soft(command.description(), command.name()).toMatch(/^[A-Z].*\.$/s);
    }
  });

  it('lists every verb once, under its group, with its summary', async () => {
    const help = (await programFor(['--help'], '1')).helpInformation();
    const lines = help.split('\n').map((line) => line.trim());
    for (const [name, { summary, group }] of Object.entries(VERBS)) {
      const at = lines.findIndex((line) => line.startsWith(`${name} `));
      const heading = lines.slice(0, at).findLast((line) => line.endsWith(':'));
      expect([name, heading]).toEqual([name, `${group}:`]);
      expect(help.replaceAll(/\s+/g, ' ')).toContain(`${name} ${summary}`);
    }
    const headings = lines.filter((line) => GROUPS.some((group) => line === `${group}:`));
    expect(headings).toEqual(GROUPS.map((group) => `${group}:`).filter((line) => headings.includes(line)));
  });
});

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
