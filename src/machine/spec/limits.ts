import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import type { HostShare } from '../../process/confine/cgroup.ts';
import { parseMemory } from './memory-size.ts';

/**
 * Limits on QEMU's use of the host: `{ cpus: 1.5, memory: '3G' }`, or the same as text, `cpus=1.5,memory=3G`;
 * `none` for no limit.
 */
export type LimitsInput =
  string | { readonly cpus?: number | undefined; readonly memory?: number | string | undefined };

const schema = z.strictObject({
  cpus: z.number().min(0.01).max(1024).optional(),
  memory: z.union([z.number(), z.string()]).optional(),
});
const EXPECTED = 'expected cpus=NUMBER, memory=SIZE or both, such as cpus=1.5,memory=3G; or none';

/**
 * @param guestBytes the guest's memory, all of which QEMU may eventually use.
 * @throws InvalidInputError
 */
export function parseLimits(input: LimitsInput, guestBytes: number): HostShare | undefined {
  if (input === 'none') return undefined;
  const parsed = schema.safeParse(typeof input === 'string' ? objectOf(input) : input);
  if (!parsed.success) throw refusal(input);
  const { cpus, memory } = parsed.data;
  if (cpus === undefined && memory === undefined) throw refusal(input);
  const memoryBytes = memory === undefined ? undefined : parseMemory(memory, 'limits');
  checkHoldsGuest({ memoryBytes }, guestBytes);
  return { ...(cpus !== undefined && { cpus }), ...(memoryBytes !== undefined && { memoryBytes }) };
}

/** @throws InvalidInputError when QEMU would be killed before its guest has used all of its memory. */
export function checkHoldsGuest(limits: HostShare | undefined, guestBytes: number): void {
  if (limits?.memoryBytes === undefined || limits.memoryBytes > guestBytes) return;
  const MiB = 1024 * 1024;
  throw new InvalidInputError(
    'limits',
    `a limit of ${limits.memoryBytes / MiB} MiB is too small: the guest has ${guestBytes / MiB} MiB of memory, and QEMU needs memory too`,
    {
      hint: "reduce the guest's memory, or raise the limit; QEMU itself needs about 150 MiB, and without KVM up to 1 GiB more",
    },
  );
}

function objectOf(text: string): unknown {
  const words = text.split(',').map((word) => /^(cpus|memory)=(.+)$/.exec(word));
  const entries = words.flatMap((match) => (match ? [[match[1], match[2]] as const] : []));
  if (entries.length < words.length || new Set(entries.map(([name]) => name)).size < entries.length)
    return text;
  return Object.fromEntries(entries.map(([name, value]) => [name, name === 'cpus' ? Number(value) : value]));
}

function refusal(input: LimitsInput): InvalidInputError {
  return new InvalidInputError('limits', `invalid value ${JSON.stringify(input)}: ${EXPECTED}`);
}
