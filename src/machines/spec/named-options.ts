import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { REQUESTED_BACKENDS } from '../../network/plan/network.ts';
import { withFlag } from '../../machine/spec/option-flag.ts';
import { DISPLAYS, type MachineSpec } from './machine-spec.ts';

/** Linux's limit for interface names, without characters that a shell or QEMU rejects. */
const BRIDGE_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/;
const NETS: readonly string[] = [...REQUESTED_BACKENDS, 'none'];

/** Options of named machines only, which can also be changed. */
export const namedOptions = z
  .object({
    /** `auto` is passt if available, otherwise slirp; `bridge=NAME` is a bridge of the host. */
    net: withFlag(z.string(), {
      flag: '--net <kind>',
      group: 'Network',
      description: 'auto, passt, slirp, none or bridge=NAME',
    }),
    /** A TPM 2.0 by swtpm. */
    tpm: withFlag(z.boolean(), { flag: '--tpm', group: 'Hardware', description: 'a TPM 2.0, by swtpm' }),
    /** `vnc` adds a screen. */
    display: withFlag(z.enum(DISPLAYS), {
      flag: '--display <kind>',
      group: 'Hardware',
      description: 'a screen',
    }),
    /** User of ssh. */
    sshUser: withFlag(z.string().regex(/^[a-z_][a-z0-9_.-]*$/i, 'expected a user name'), {
      flag: '--ssh-user <user>',
      description: 'user for ssh',
    }),
  })
  .partial().shape;

/** @throws InvalidInputError */
export function parseNet(text: string): {
  readonly net: MachineSpec['net'];
  readonly bridge: string | undefined;
} {
  if (isNet(text)) return { net: text, bridge: undefined };
  const bridge = /^bridge=(.*)$/.exec(text)?.[1];
  if (bridge !== undefined && BRIDGE_NAME.test(bridge)) return { net: 'bridge', bridge };
  throw new InvalidInputError('net', `invalid network ${JSON.stringify(text)}`, {
    hint: 'use auto, passt, slirp, none or bridge=NAME',
  });
}

function isNet(text: string): text is Exclude<MachineSpec['net'], 'bridge'> {
  return NETS.includes(text);
}
