import { ProgramAnswerError } from '../../errors/index.ts';
import type { RunResult } from '../run.ts';

/**
 * Parses the output of a program.
 * @throws ProgramAnswerError for unexpected output.
 */
export function readAnswer<T>(
  program: string,
  { stdout }: Pick<RunResult, 'stdout'>,
  read: (json: unknown) => T,
): T {
  try {
    return read(JSON.parse(stdout.toString('utf8')));
  } catch (error) {
    const words = stdout.length === 0 ? 'nothing' : 'unexpected output';
    throw new ProgramAnswerError(program, `printed ${words}`, { cause: error });
  }
}
