import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { imageDirectoryName } from '../../images/record/image.ts';
import type { UsersOf } from '../../images/store/remove-image.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { Locations } from './locations.ts';

/** Name of the file that describes a template, in its directory. */
export const TEMPLATE_RECORD = 'template.json';

/** A file that names what it is based on, and its owner in words. */
export interface UserText {
  readonly user: string;
  readonly text: Buffer;
}

/** Records of named templates, which name all their backing files and the kernel. */
export function templateTexts({ templates }: Pick<Locations, 'templates'>): UserText[] {
  const names = unlessMissing(() => readdirSync(templates)) ?? [];
  // The others are locks, and templates that are being created.
  return names
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => {
      const text = unlessMissing(() => readFileSync(join(templates, name, TEMPLATE_RECORD)));
      return text === undefined ? [] : [{ user: `template "${name}"`, text }];
    });
}

/** Returns the owners of the texts that name an image's directory. */
export function usersIn(texts: readonly UserText[]): UsersOf {
  return ({ digest }) => {
    const directory = imageDirectoryName(digest);
    return [...new Set(texts.filter(({ text }) => text.includes(directory)).map(({ user }) => user))];
  };
}
