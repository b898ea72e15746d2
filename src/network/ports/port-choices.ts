import type { Logger } from 'pino';
import { PortTakenError } from '../../errors/index.ts';

const CHOICES = 3;

/**
 * A port that was chosen while nobody held it can be taken before QEMU or passt has it: then others are chosen.
 * @param start is given the number of the attempt, from 1.
 */
export async function withPortChoices<T>(
  log: Logger | undefined,
  start: (choice: number) => Promise<T>,
): Promise<T> {
  for (let choice = 1; ; choice++) {
    try {
      return await start(choice);
    } catch (error) {
      const another = error instanceof PortTakenError && error.ephemeral && choice < CHOICES;
      if (!another) throw error;
      log?.debug({ err: error }, 'a chosen port was taken; choosing again');
    }
  }
}
