import type { Logger } from 'pino';
import { PortTakenError } from '../../errors/index.ts';

const CHOICES = 3;

/** A port that was chosen while nobody held it can be taken before QEMU or passt has it: then others are chosen. */
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
