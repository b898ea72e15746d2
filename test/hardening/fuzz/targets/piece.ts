import {
  type AnsweringProgram,
  type Harness,
  type LedLimits,
  cProgram,
  ledByCoverage,
} from '../../../../fixtures/fuzz/c-program.ts';

/** A piece of C that is built while its target runs; longer runs are guided by coverage. */
export function pieceOf(harness: Harness, piece: string) {
  let program: AnsweringProgram | undefined;
  return {
    ask: async (input: Buffer): Promise<string> => {
      if (!program) throw new Error('it is not built');
      return (await program.ask(input)).toString('latin1');
    },
    prepare: async (): Promise<() => Promise<void>> => {
      const built = await cProgram(harness, piece);
      program = built;
      return async () => built.close();
    },
    led: async (corpus: string, limits: LedLimits) => ledByCoverage(harness, piece, corpus, limits),
  };
}
