import * as z from 'zod';
import { parseOptions } from '../../util/options.ts';
import type { GuestDescription } from './guest-description.ts';

/** What the user says of the system on an image that no catalogue describes. */
export interface GuestOptions {
  /** The account that is there, where ssh logs in; none by default. */
  readonly user?: string | undefined;
  /** What boots it; `bios` by default. */
  readonly firmware?: GuestDescription['firmware'] | undefined;
  /** The least level of the x86-64 psABI that its programs are compiled for; `x86-64` by default. */
  readonly cpu?: GuestDescription['cpu'] | undefined;
  /** What reads a NoCloud seed at the first boot; `cloud-init` by default, as most images for clouds have. */
  readonly provisioner?: GuestDescription['provisioner'] | undefined;
  /** vmlet's agent is in it and starts by itself, as in what was built here and exported; false by default. */
  readonly agent?: boolean | undefined;
}

const schema = z.strictObject({
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'expected the name of a user, as in debian')
    .optional(),
  firmware: z.enum(['bios', 'uefi']).default('bios'),
  cpu: z.enum(['x86-64', 'x86-64-v2', 'x86-64-v3']).default('x86-64'),
  provisioner: z.enum(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']).default('cloud-init'),
  agent: z.boolean().default(false),
});

/** @throws InvalidInputError */
export function parseGuestOptions(options: GuestOptions): GuestDescription {
  const { user, ...description } = parseOptions(schema, options, 'guest');
  return { ...description, user };
}
