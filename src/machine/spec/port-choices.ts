import type { Logger } from 'pino';
import { PortTakenError } from '../../errors/index.ts';

const CHOICES = 3;

/** Starts something whose ports nobody held while it was planned: where another took one that was chosen, once more. */
export async function withPortChoices<T>(log: Logger | undefined, start: () => Promise<T>): Promise<T> {
  for (let choice = 1; ; choice++) {
    try {
      return await start();
    } catch (error) {
      const another = error instanceof PortTakenError && error.ephemeral && choice < CHOICES;
      if (!another) throw error;
      log?.debug({ err: error }, 'a chosen port was taken; choosing again');
    }
  }
}
