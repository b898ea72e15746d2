import { existsSync } from 'node:fs';
import { MissingProgramError } from '../../errors.ts';
import { findProgram } from '../../process/program.ts';

interface Need {
  readonly program: string;
  readonly debian: string;
  readonly fedora: string;
  /** Root does without. */
  readonly usersOnly?: boolean;
}

const NEEDS: readonly Need[] = [
  { program: 'mmdebstrap', debian: 'mmdebstrap', fedora: 'mmdebstrap' },
  { program: 'unshare', debian: 'util-linux', fedora: 'util-linux' },
  { program: 'newuidmap', debian: 'uidmap', fedora: 'shadow-utils', usersOnly: true },
  { program: 'mke2fs', debian: 'e2fsprogs', fedora: 'e2fsprogs' },
  { program: 'mformat', debian: 'mtools', fedora: 'mtools' },
  { program: 'qemu-img', debian: 'qemu-utils', fedora: 'qemu-img' },
];

const KEYRINGS = ['pgp', 'gpg'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`);
const KEYRING_PACKAGE = { debian: 'debian-archive-keyring', fedora: 'debian-keyring' };

/**
 * Looks for all that a build needs on the host.
 * @returns the file with Debian's keys.
 * @throws MissingProgramError, whose hint names the packages of all that is missing.
 */
export function requirePrograms(): { readonly keyring: string } {
  const isRoot = process.getuid?.() === 0;
  const missing = NEEDS.filter(
    ({ program, usersOnly }) => !(usersOnly === true && isRoot) && findProgram(program) === undefined,
  );
  const keyring = KEYRINGS.find((path) => existsSync(path));
  const packages = [...missing, ...(keyring === undefined ? [KEYRING_PACKAGE] : [])];
  if (keyring !== undefined && packages.length === 0) return { keyring };
  const [debian, fedora] = (['debian', 'fedora'] as const).map((family) =>
    [...new Set(packages.map((one) => one[family]))].join(' '),
  );
  throw new MissingProgramError(missing[0]?.program ?? KEYRINGS[0] ?? '', {
    hint: `Debian and Ubuntu: sudo apt-get install ${debian ?? ''}. Fedora: sudo dnf install ${fedora ?? ''}.`,
  });
}
