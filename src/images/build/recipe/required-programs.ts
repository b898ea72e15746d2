import { existsSync } from 'node:fs';
import { MissingProgramError } from '../../../errors/index.ts';
import { findProgram } from '../../../process/program.ts';

/** A requirement on the host, and the packages that provide it. */
export interface Need {
  /** A program's name, or files of which one is required. */
  readonly program: string | readonly string[];
  readonly debian: string;
  readonly fedora: string;
  /** Not required for root. */
  readonly usersOnly?: boolean;
}

/** Requirements of every build, in addition to those of the installer. */
const NEEDS: readonly Need[] = [
  { program: 'unshare', debian: 'util-linux', fedora: 'util-linux' },
  { program: 'newuidmap', debian: 'uidmap', fedora: 'shadow-utils', usersOnly: true },
  { program: 'mke2fs', debian: 'e2fsprogs', fedora: 'e2fsprogs' },
  { program: 'mformat', debian: 'mtools', fedora: 'mtools' },
  { program: 'qemu-img', debian: 'qemu-utils', fedora: 'qemu-img' },
];

/**
 * Checks that the host has all that a build requires.
 * @throws MissingProgramError, with a hint that names the packages of everything missing.
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
      hint: `on Debian or Ubuntu, run: sudo apt-get install ${debian ?? ''}; on Fedora: sudo dnf install ${fedora ?? ''}`,
    },
  );
}

function isThere({ program }: Need): boolean {
  return typeof program === 'string'
    ? findProgram(program) !== undefined
    : program.some((path) => existsSync(path));
}
