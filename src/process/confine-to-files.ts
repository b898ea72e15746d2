import { confine } from './confine/confine.ts';
import type { Confinement } from './confine/confinement.ts';
import { type ConfinementAbilities, layersOf } from './confine/layers.ts';
import { LIBRARIES, LOADERS } from './confine/shared-libraries.ts';

export interface Files extends Pick<Confinement, 'readOnly' | 'own'> {
  /** The program, and the programs that it starts. */
  readonly programs: readonly string[];
  /** In bytes; 0 for a program that writes no file. */
  readonly longestFile: number | undefined;
}

let asked: Promise<ConfinementAbilities> | undefined;

/**
 * Confines a program that reads untrusted input, like `confine`: it can access its libraries and these files,
 * and cannot connect to anything.
 */
export async function confineToFiles({ programs, readOnly, own, longestFile }: Files): Promise<string[]> {
  asked ??= askHost();
  const abilities = await asked;
  return confine(
    {
      execute: [...programs, ...LOADERS],
      readOnly: [...LIBRARIES, '/dev/urandom', ...readOnly],
      readWrite: ['/dev/null'],
      own,
    },
    layersOf({ connects: 'nowhere', longestFile }, abilities),
  );
}

/** Loaded on demand, because it imports zod. */
async function askHost(): Promise<ConfinementAbilities> {
  const { probeConfinement } = await import('./probe/confinement-probe.ts');
  return probeConfinement();
}
