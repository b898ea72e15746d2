import { ProgramAnswerError } from '../../errors/index.ts';
import type { RunResult } from '../run.ts';

/**
 * What a program printed, read.
 * @throws ProgramAnswerError where that is not what it prints.
 */
export function readAnswer<T>(
  program: string,
  { stdout }: Pick<RunResult, 'stdout'>,
  read: (json: unknown) => T,
): T {
  try {
    return read(JSON.parse(stdout.toString('utf8')));
  } catch (error) {
    const words = stdout.length === 0 ? 'nothing' : 'something that is not its answer';
    throw new ProgramAnswerError(program, `printed ${words}`, { cause: error });
  }
}
