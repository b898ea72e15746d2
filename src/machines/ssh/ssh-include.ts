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

/** The line in the user's configuration with which plain ssh, scp and rsync know all machines by name. */
export interface SshInclude {
  readonly line: string;
  /** Path of the user's configuration. */
  readonly path: string;
}

export interface ChangedSshInclude extends SshInclude {
  /** False when nothing had to change. */
  readonly changed: boolean;
}

export function describeSshInclude(locations: Locations): SshInclude {
  return { line: includeLine(included(locations)), path: join(homedir(), '.ssh', 'config') };
}

/** Adds the line at the top, once. @throws InvalidInputError for a path that ssh's configuration cannot express. */
export function addSshInclude(locations: Locations): ChangedSshInclude {
  return change(locations, (text) => includeInConfig(text, included(locations), homedir()).text);
}

/** Removes the line. @throws InvalidInputError when it also includes other files. */
export function removeSshInclude(locations: Locations): ChangedSshInclude {
  return change(locations, (text) => {
    const without = excludeFromConfig(text, included(locations), homedir());
    if (!includeInConfig(without, included(locations), homedir()).included) return without;
    const { path, glob = '' } = included(locations);
    throw new InvalidInputError(
      'config',
      `in ${describeSshInclude(locations).path}, the Include line for vmlet also includes other files`,
      { hint: `remove the path ${path}${glob} from that line by hand` },
    );
  });
}

/** Includes a file per machine: a machine is known from its first start until its removal. */
function included({ machines }: Locations): IncludedFiles {
  return { path: machines, glob: '/*/ssh/config' };
}

function change(locations: Locations, edit: (text: string) => string): ChangedSshInclude {
  const include = describeSshInclude(locations);
  const before = unlessMissing(() => readFollowing(include.path));
  const after = edit(before?.text ?? '');
  if (after === (before?.text ?? '')) return { ...include, changed: false };
  if (!before) makeDirectories(dirname(include.path));
  // If the path is a link, for example into a repository of dotfiles, the target is replaced and not the link.
  replaceFile(before?.path ?? include.path, after, before?.mode ?? 0o600);
  return { ...include, changed: true };
}

function readFollowing(path: string) {
  const real = realpathSync(path);
  return { path: real, text: readFileSync(real, 'utf8'), mode: statSync(real).mode & 0o777 };
}
