import type { Attack, Case } from './case.ts';

interface Argument {
  readonly attempts: readonly string[];
  /** Where it holds; everywhere by default. */
  readonly where?: (where: Case, user: Attack['user']) => boolean;
  /** Why it does no harm, or what the harm is and why it stays. */
  readonly reason: string;
}

/** Everything that may succeed under a whole wrapper. What is not here must be refused. */
export const ARGUMENTS: readonly Argument[] = [
  {
    attempts: ['fill its directory with files'],
    reason:
      'a machine may write its own directory, up to what the disk has; a quota or a cgroup is its host’s to give',
  },
  {
    attempts: ['have 64 threads', 'have 1000 descriptors', 'reserve 64 GiB of memory', 'lock memory'],
    reason:
      'QEMU has a thread for each processor, descriptors for each disk, and the guest’s memory; a cgroup bounds them',
  },
];

export function argumentFor(attempt: string, { where, user }: Attack): Argument | undefined {
  return ARGUMENTS.find(
    (one) => one.attempts.includes(attempt) && where && (one.where?.(where, user) ?? true),
  );
}
