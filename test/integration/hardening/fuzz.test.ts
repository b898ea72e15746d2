import { expect, it } from 'vitest';
import { AnsweringProgram } from '../../../fixtures/fuzz/c-program.ts';
import { fuzz } from '../../hardening/fuzz/fuzzer.ts';
import { fuzzTargets } from '../../hardening/fuzz/targets.ts';

/** All targets together take about ten seconds; `npm run hardening -- fuzz` takes three minutes for each. */
const MILLISECONDS = 250;

it.each(fuzzTargets)('$name', async (target) => {
  const lines: string[] = [];
  const { cases, faults } = await fuzz(target, {
    milliseconds: MILLISECONDS,
    seed: 1,
    log: (line) => lines.push(line),
  });
  expect(faults, lines.join('\n')).toEqual([]);
  expect(cases).toBeGreaterThan(0);
});

it('a program that answers does not start again after it was closed', async () => {
  const program = new AnsweringProgram(['cat']);
  expect((await program.ask(Buffer.from('asked'))).toString()).toBe('asked');
  await program.close();
  await expect(program.ask(Buffer.from('again'))).rejects.toThrow('it is closed');
});
