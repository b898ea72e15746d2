import { describe, expect, it } from 'vitest';
import { PAGES, rowsByHand, withHabits } from '../../../scripts/generate/habit-tables.ts';
import { loadVerb } from '../../../src/cli/commands.ts';
import { ALIASES } from '../../../src/cli/help/aliases.ts';
import { adviceOn, habits, wordOf } from '../../../src/cli/help/habits.ts';
import { pages } from '../../documents.ts';

describe.each(Object.entries(PAGES))('docs/%s', (name, programs) => {
  const [{ text } = { text: '' }] = pages(`docs/${name}`);

  it('has the advice of the command (npx tsx scripts/generate/habit-tables.ts)', () => {
    expect(text).toBe(withHabits(text, programs));
  });

  it('has no row whose commands the advice on its words does not name', async () => {
    let compared = 0;
    for (const { foreign, own } of rowsByHand(text)) {
      const inRow = await Promise.all(own.map(pathOf));
      for (const command of foreign) {
        const advice = adviceOnCall(command);
        if (advice === undefined || inRow.length === 0) continue;
        compared++;
        const advised = await Promise.all(commandsIn(advice).map(pathOf));
        const isNamed = advised.some((path) => inRow.some((one) => isSame(one, path)));
        expect.soft(isNamed, `${command}: ${inRow.join()} in the page, ${advised.join()} advised`).toBe(true);
      }
    }
    expect(compared).toBeGreaterThan(8);
  });
});

it('has one piece of advice on each word', () => {
  const words = habits().flatMap(({ commands }) => [...new Set(commands.map(wordOf))]);
  expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
});

it('marks each command of vmlet in the advice', () => {
  for (const { advice } of habits()) {
    const unmarked = advice.replaceAll(/`vmlet [^`]*`|^vmlet (?:reads|cannot|connects)|of vmlet/g, '');
    expect(unmarked, advice).not.toMatch(/vmlet|`/);
  }
});

/** The advice on the longest part of a call that has any. */
function adviceOnCall(command: string): string | undefined {
  const words = wordOf(command).split(' ');
  return words.map((_, index) => adviceOn(words.slice(0, words.length - index).join(' '))).find(Boolean);
}

function commandsIn(advice: string): string[] {
  return advice.match(/vmlet [^;]*?(?=,|;| or |$)/g) ?? [];
}

/** The verb of a command line, and its subcommand, if any: `image ls`. */
async function pathOf(line: string): Promise<string> {
  const [, word = '', second = ''] = line.split(' ');
  const [verb = word, subcommand = second] = ALIASES[word] ?? [];
  const isSubcommand = (await loadVerb(verb))?.commands.some((child) => child.name() === subcommand);
  return isSubcommand ? `${verb} ${subcommand}` : verb;
}

/** `snapshot` alone may be `snapshot create`. */
function isSame(one: string, other: string): boolean {
  return `${one} `.startsWith(`${other} `) || `${other} `.startsWith(`${one} `);
}
