import type { HomeProcess } from '../../../e2e/named/home.ts';
import { VMLET } from '../../../e2e/command.ts';

/** The processes of a machine with a share: the command that launched it, and those that the command started. */
export const VICTIMS = ['launcher', 'keeper', 'virtiofsd', 'qemu'] as const;
export type Victim = (typeof VICTIMS)[number];

/** vmlet-confine becomes virtiofsd or QEMU, and so counts as such. */
export function isVictim(victim: Victim, { program, commandLine }: HomeProcess): boolean {
  switch (victim) {
    case 'launcher':
      return commandLine.includes(VMLET);
    case 'keeper':
      return program === 'vmlet-keeper';
    case 'virtiofsd':
      return commandLine.includes('--shared-dir=');
    case 'qemu':
      return commandLine.includes('qemu-system-x86_64 ') && !commandLine.includes('/vmlet-keeper ');
  }
}
