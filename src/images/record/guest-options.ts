import * as z from 'zod';
import { parseOptions } from '../../util/options/parse-options.ts';
import type { GuestDescription } from './guest-description.ts';

/** The user's description of the system on an image that is not in the catalogue. */
export interface GuestOptions {
  /** An existing account for ssh; none by default. */
  readonly user?: string | undefined;
  /** Firmware to boot it with; `bios` by default. */
  readonly firmware?: GuestDescription['firmware'] | undefined;
  /** The level of the x86-64 psABI that its programs require; `x86-64` by default. */
  readonly cpu?: GuestDescription['cpu'] | undefined;
  /** The program that reads a NoCloud seed at the first boot; `cloud-init` by default, as in most cloud images. */
  readonly provisioner?: GuestDescription['provisioner'] | undefined;
  /** True when vmlet's agent is installed and starts at boot, as in images built by vmlet; false by default. */
  readonly agent?: boolean | undefined;
}

const schema = z.strictObject({
  user: z
    .string()
    .regex(
      /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/,
      'expected a user name of at most 32 letters, digits, "_", "." and "-"; the first must be a letter or "_"',
    )
    .optional(),
  firmware: z.enum(['bios', 'uefi']).default('bios'),
  cpu: z.enum(['x86-64', 'x86-64-v2', 'x86-64-v3']).default('x86-64'),
  provisioner: z.enum(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']).default('cloud-init'),
  agent: z.boolean().default(false),
});

/** Checks the options and fills in defaults. @throws InvalidInputError */
export function parseGuestOptions(options: GuestOptions): GuestDescription {
  const { user, ...description } = parseOptions(schema, options, 'guest');
  return { ...description, user };
}
