import { expect, it } from 'vitest';
import { VERBS } from '../../../../src/cli/commands.ts';
import { EXAMPLES } from '../../../../src/cli/help/examples.ts';
import { callsOfVmlet, problemsOfCall } from '../command-lines.ts';

it('exist for every command, and for nothing else', () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual(Object.keys(VERBS).sort());
});

it.each(Object.entries(EXAMPLES).flatMap(([verb, lines]) => lines.map((line) => [verb, line] as const)))(
  '%s: %s',
  async (verb, line) => {
    for (const words of callsOfVmlet(line)) {
      if (line === EXAMPLES[verb]?.[0] && !line.includes('&&')) expect(words[0]).toBe(verb);
      expect(await problemsOfCall(words)).toEqual([]);
    }
  },
);

it.each(['run --no-such-flag micro', 'no-such-command', 'create', 'port add web'])(
  'finds the error in: vmlet %s',
  async (line) => {
    expect(await problemsOfCall(line.split(' '))).not.toEqual([]);
  },
);
