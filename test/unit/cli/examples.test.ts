import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { VERBS, loadVerb } from '../../../src/cli/commands.ts';
import { withoutAlias } from '../../../src/cli/help/aliases.ts';
import { EXAMPLES } from '../../../src/cli/help/examples.ts';

it('has examples of every command, and of no other', () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual(Object.keys(VERBS).sort());
});

/** Each call of vmlet in a line, as its words. */
function calls(line: string): string[][] {
  return line
    .split(/ (?:\||&&|;) |>>?/)
    .map((part) => part.match(/'[^']*'|"[^"]*"|\S+/g) ?? [])
    .filter(([program]) => program === 'vmlet')
    .map((words) => withoutAlias(words.slice(1)));
}

it.each(Object.entries(EXAMPLES).flatMap(([verb, lines]) => lines.map((line) => [verb, line] as const)))(
  '%s: %s',
  async (verb, line) => {
    for (const [word = '', ...rest] of calls(line)) {
      if (line === EXAMPLES[verb]?.[0] && !line.includes('&&')) expect(word).toBe(verb);
      let command: Command | undefined = await loadVerb(word);
      let words = rest;
      for (;;) {
        const child: Command | undefined = command?.commands.find((one) => one.name() === words[0]);
        if (child === undefined) break;
        command = child;
        words = words.slice(1);
      }
      const end = words.indexOf('--');
      const { unknown, operands } = command!.parseOptions(end < 0 ? words : words.slice(0, end));
      const passesOn = command!.registeredArguments.at(-1)?.variadic === true;
      if (!passesOn) expect(unknown).toEqual([]);
      const needed = command!.registeredArguments.filter((argument) => argument.required).length;
      expect(operands.length).toBeGreaterThanOrEqual(command!.commands.length > 0 ? 1 : needed);
      command!.parseOptions([]);
    }
  },
);
