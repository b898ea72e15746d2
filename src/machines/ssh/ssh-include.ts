import { readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import {
  type IncludedFiles,
  excludeFromConfig,
  includeInConfig,
  includeLine,
} from '../../guest/ssh/ssh-config.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** What plain ssh, scp and rsync need to know all machines by name: one line in the user's own configuration. */
export interface SshInclude {
  readonly line: string;
  /** The user's configuration. */
  readonly path: string;
}

export interface ChangedSshInclude extends SshInclude {
  /** False where it was as wanted already. */
  readonly changed: boolean;
}

export function describeSshInclude(locations: Locations): SshInclude {
  return { line: includeLine(included(locations)), path: join(homedir(), '.ssh', 'config') };
}

/** Adds the line at the top, once. @throws InvalidInputError for a path that ssh's configuration cannot hold. */
export function addSshInclude(locations: Locations): ChangedSshInclude {
  return change(locations, (text) => includeInConfig(text, included(locations), homedir()).text);
}

/** Takes the line out. @throws InvalidInputError where it includes other files too. */
export function removeSshInclude(locations: Locations): ChangedSshInclude {
  return change(locations, (text) => {
    const without = excludeFromConfig(text, included(locations), homedir());
    if (!includeInConfig(without, included(locations), homedir()).included) return without;
    throw new InvalidInputError(
      'config',
      `a line of ${describeSshInclude(locations).path} includes the machines together with other files`,
      { hint: 'edit that line yourself' },
    );
  });
}

/** Each machine's own file: a new machine is known with its first start, a removed one no more. */
function included({ machines }: Locations): IncludedFiles {
  return { path: machines, glob: '/*/ssh/config' };
}

function change(locations: Locations, edit: (text: string) => string): ChangedSshInclude {
  const include = describeSshInclude(locations);
  const before = unlessMissing(() => readFollowing(include.path));
  const after = edit(before?.text ?? '');
  if (after === (before?.text ?? '')) return { ...include, changed: false };
  if (!before) makeDirectories(dirname(include.path));
  // Behind a link, as users have their configuration in a repository, it is the file that changes and not the link.
  replaceFile(before?.path ?? include.path, after, before?.mode ?? 0o600);
  return { ...include, changed: true };
}

function readFollowing(path: string) {
  const real = realpathSync(path);
  return { path: real, text: readFileSync(real, 'utf8'), mode: statSync(real).mode & 0o777 };
}
