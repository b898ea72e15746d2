import { existsSync } from 'node:fs';
import { MissingProgramError } from '../../../errors/index.ts';
import { findProgram } from '../../../process/program.ts';

/** Something of the host's, and the packages that bring it. */
export interface Need {
  /** A program's name, or files of which one will do. */
  readonly program: string | readonly string[];
  readonly debian: string;
  readonly fedora: string;
  /** Root does without. */
  readonly usersOnly?: boolean;
}

/** Beside what installs the packages. */
const NEEDS: readonly Need[] = [
  { program: 'unshare', debian: 'util-linux', fedora: 'util-linux' },
  { program: 'newuidmap', debian: 'uidmap', fedora: 'shadow-utils', usersOnly: true },
  { program: 'mke2fs', debian: 'e2fsprogs', fedora: 'e2fsprogs' },
  { program: 'mformat', debian: 'mtools', fedora: 'mtools' },
  { program: 'qemu-img', debian: 'qemu-utils', fedora: 'qemu-img' },
];

/**
 * Looks for all that a build needs on the host.
 * @throws MissingProgramError, whose hint names the packages of all that is missing.
 */
export function requirePrograms({ needs }: { readonly needs: readonly Need[] }): void {
  const isRoot = process.getuid?.() === 0;
  const missing = [...needs, ...NEEDS].filter(
    (need) => !(need.usersOnly === true && isRoot) && !isThere(need),
  );
  const [first] = missing;
  if (first === undefined) return;
  const [debian, fedora] = (['debian', 'fedora'] as const).map((family) =>
    [...new Set(missing.map((one) => one[family]))].join(' '),
  );
  throw new MissingProgramError(
    typeof first.program === 'string' ? first.program : (first.program[0] ?? ''),
    {
      hint: `Debian and Ubuntu: sudo apt-get install ${debian ?? ''}. Fedora: sudo dnf install ${fedora ?? ''}.`,
    },
  );
}

function isThere({ program }: Need): boolean {
  return typeof program === 'string'
    ? findProgram(program) !== undefined
    : program.some((path) => existsSync(path));
}
