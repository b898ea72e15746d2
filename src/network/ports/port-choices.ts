import type { Logger } from 'pino';
import { PortTakenError } from '../../errors/index.ts';

const CHOICES = 3;

/**
 * Retries with other ports: a chosen port can be taken before QEMU or passt binds it.
 * @param start called with the number of the attempt, from 1.
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
