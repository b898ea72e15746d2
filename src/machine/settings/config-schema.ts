import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { parseKeptSize } from './kept-size.ts';

const SIZE = 'expected a size in multiples of 512 bytes, such as 20G, or 0 to keep no guests';
const DAYS = 'expected a number of days, 0 or more, such as 7';

const size = z.union([z.number(), z.string()], SIZE).transform((given, context) => {
  try {
    return parseKeptSize(String(given), 'kept.size');
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    context.addIssue({ code: 'custom', message: SIZE });
    return z.NEVER;
  }
});

const keptSchema = z.strictObject({
  /** Space for all kept guests in bytes. */
  size: size.optional(),
  /** Age since the boot from which a kept guest is no longer used. */
  days: z.number(DAYS).min(0, DAYS).optional(),
});

/** The settings in the configuration file. An object whose keys are all commented out is null. */
export const configSchema = z.strictObject({ kept: keptSchema.nullish() });

export type Config = z.infer<typeof configSchema>;

/** Returns the valid keys of the object at a path. */
export function configKeys([first]: readonly PropertyKey[]): string[] {
  return Object.keys(first === undefined ? configSchema.shape : keptSchema.shape);
}
