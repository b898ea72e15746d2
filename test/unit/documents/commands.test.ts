import { expect, it } from 'vitest';
import { VERBS, loadVerb } from '../../../src/cli/commands.ts';
import { type CodeBlock, codeBlocks, commandLines, pages } from '../../documents.ts';
import { callsOfVmlet, problemsOfCall } from '../cli/command-lines.ts';

const MOST_ILLUSTRATIONS = 10;
const documents = pages('README.md', 'docs');
const blocks = documents.flatMap(codeBlocks);

/** Commands in the text, such as `vmlet ls`; those with placeholders are no command lines. */
const inText = documents.flatMap(({ path, text }) =>
  [...text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '').matchAll(/(?<!`)`(vmlet [^`]*)`(?!`)/g)]
    .map(([, command = '']) => command.replaceAll('\\|', '|'))
    .filter((command) => !/[…[\]|]|[a-z]: [A-Z]|\b[A-Z]{3,}\b/.test(command))
    .map((command) => ({ path, command })),
);

it('finds blocks and commands', () => {
  expect(blocks.length).toBeGreaterThan(20);
  expect(inText.length).toBeGreaterThan(100);
});

it.each(blocks.flatMap((block) => commandLines(block).map((line) => [place(block), line] as const)))(
  '%s: %s',
  async (_place, line) => {
    for (const words of callsOfVmlet(line)) expect(await problemsOfCall(words)).toEqual([]);
  },
);

it('name only existing commands and options in the text', async () => {
  const wrong = [];
  for (const { path, command } of inText) {
    for (const words of callsOfVmlet(command)) {
      // `vmlet create` and `vmlet run --template` name a command or an option, and leave out its values.
      const problems = (await problemsOfCall(words)).filter(
        (problem) => !/ words needed|argument missing/.test(problem),
      );
      if (problems.length > 0) wrong.push(`${path}: ${command}: ${problems.join(', ')}`);
    }
  }
  expect(wrong).toEqual([]);
});

it.each(['run', 'create'])('describes every option of %s', async (verb) => {
  const text = pages('docs/command-line.md', 'docs/images.md')
    .map((page) => page.text)
    .join('');
  const options = (await loadVerb(verb))?.options.filter(({ hidden }) => !hidden) ?? [];
  expect(options.length).toBeGreaterThan(20);
  expect(options.map(({ long }) => long ?? '').filter((long) => !text.includes(`\`${long}`))).toEqual([]);
});

it('lists every command in docs/command-line.md', () => {
  const [page] = pages('docs/command-line.md');
  const [, section = ''] = page?.text.split(/^## All commands$/m) ?? [];
  const rows =
    section
      .split(/^## /m)[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| ')) ?? [];
  // Brackets contain subcommands and explanations.
  const listed = rows.join('\n').replaceAll(/\([^)]*\)/g, '');
  expect(Object.keys(VERBS).filter((verb) => !listed.includes(`\`${verb}\``))).toEqual([]);
});

it('marks at most ten blocks as not run, each with its reason', () => {
  const marked = blocks.filter(({ notRun }) => notRun !== undefined);
  expect(marked.filter(({ notRun }) => notRun === '')).toEqual([]);
  expect(marked.length).toBeLessThanOrEqual(MOST_ILLUSTRATIONS);
});

it('mark every block with its language', () => {
  const known = ['sh', 'console', 'ts', 'json', 'yaml', 'mermaid'];
  expect(blocks.filter(({ language }) => !known.includes(language)).map(place)).toEqual([]);
});

function place({ page, line }: CodeBlock): string {
  return `${page}:${line}`;
}
