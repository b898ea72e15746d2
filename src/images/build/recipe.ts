import { readFile } from 'node:fs/promises';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { readAgent } from '../record/agent-file.ts';
import { readBuildFiles } from '../record/build-files.ts';
import { sha256 } from '../digest/sha256.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { Installer } from './recipe/package-installer.ts';
import { installerOf } from './installers.ts';
import type { SettledRecipe } from './recipe/package-installer.ts';

const MEBIBYTE = 1024 * 1024;
const DEFAULT_SIZE = 10 * 1024 * MEBIBYTE;
const LEAST_SIZE = 1024 * MEBIBYTE;
/** 2 TiB, the largest disk that a BIOS can address. */
const MOST_SIZE = 2 * 1024 * 1024 * MEBIBYTE;

/** A program that root runs in the new system: a file, or its content. */
export type BuildScript = { readonly path: string } | { readonly name: string; readonly content: string };

/** The inputs of a build. Later builds of the same recipe can have newer packages. */
export interface DistributionRecipe {
  /** `debian`, `fedora`, `centos-stream`, `rocky` or `almalinux`. */
  readonly distribution: string;
  /** A version or code name, such as `13` or `trixie`. */
  readonly release: string;
  /** Packages in addition to those of a bootable, reachable system. Recommended packages are not installed. */
  readonly include: readonly string[];
  /** Scripts to run in order after all packages are installed. */
  readonly run: readonly BuildScript[];
  /** Path of the guest agent's executable. */
  readonly agent: string;
  /** Size of the disk in bytes, a multiple of 1 MiB; 10 GiB by default. The file is sparse. */
  readonly sizeBytes?: number | undefined;
  /** The mirror to fetch packages from; by default the host's if it is for Debian, else the distribution's. */
  readonly mirror?: string | undefined;
  /** A file with the key that signs the mirror's packages; by default the distribution's. Not for Debian. */
  readonly key?: string | undefined;
}

/** Checks a recipe and reads its files. @throws InvalidInputError; ImageBuildError when the agent is missing. */
export async function settleRecipe(recipe: DistributionRecipe): Promise<SettledRecipe> {
  const installer = installerOf(recipe.distribution);
  return {
    installer,
    release: installer.release(recipe.distribution, recipe.release),
    include: [...new Set(recipe.include.map((name) => requirePackageName(name, installer)))].sort(),
    scripts: await Promise.all(recipe.run.map(readScript)),
    agent: await readAgent(recipe.agent),
    sizeBytes: requireSize(recipe.sizeBytes ?? DEFAULT_SIZE),
    mirror: recipe.mirror === undefined ? undefined : requireMirror(recipe.mirror),
    key: recipe.key === undefined ? undefined : await readKey(recipe.key, installer),
    files: await readBuildFiles(installer.folder),
  };
}

function requirePackageName(name: string, installer: Installer): string {
  if (installer.isPackageName(name)) return name;
  throw new InvalidInputError('include', `invalid package name ${JSON.stringify(name)}`, {
    hint: 'use letters (lower-case for Debian), digits, "+", "-" and ".", for example: g++; separate several names by commas',
  });
}

/** Reads a script. @throws InvalidInputError for an unreadable file. */
export async function readScript(script: BuildScript): Promise<SettledRecipe['scripts'][number]> {
  if ('content' in script) return { name: script.name, content: Buffer.from(script.content) };
  return { name: script.path, content: await readGiven('run', script.path) };
}

async function readKey(path: string, installer: Installer): Promise<Buffer> {
  if (!installer.takesKey) {
    throw new InvalidInputError(
      'key',
      'not supported for Debian, whose packages are signed with Debian’s own keys',
      {
        hint: 'omit --key',
      },
    );
  }
  const content = await readGiven('key', path);
  if (content.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return content;
  throw new InvalidInputError('key', `${path} does not contain an ASCII-armoured public key`, {
    hint: 'export the key as text: gpg --export --armor KEY >FILE',
  });
}

async function readGiven(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR')) throw error;
    const problems: Readonly<Record<string, string>> = {
      EISDIR: `${path} is a directory`,
      EACCES: `permission denied: ${path}`,
    };
    throw new InvalidInputError(flag, problems[error.code ?? ''] ?? `no such file: ${path}`, {
      cause: error,
    });
  }
}

function requireSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes % MEBIBYTE === 0 && bytes >= LEAST_SIZE && bytes <= MOST_SIZE) {
    return bytes;
  }
  const given = bytes % MEBIBYTE === 0 ? formatBytes(bytes) : `${bytes} bytes`;
  throw new InvalidInputError('size', `invalid size of ${given}`, {
    hint: 'use a size from 1 GiB to 2 TiB, in whole MiB',
  });
}

function requireMirror(mirror: string): string {
  if (/^https?:\/\/[^\s]+$/.test(mirror)) return mirror.replace(/\/+$/, '');
  throw new InvalidInputError('mirror', `invalid URL ${JSON.stringify(mirror)}`, {
    hint: 'use an http:// or https:// URL, such as http://deb.debian.org/debian',
  });
}

/** The version of the code that assembles a disk, which is an input that is not among the files. */
const ASSEMBLY = 2;

/** Returns a digest of all inputs of a disk except the state of the mirror: SHA-256 in lower-case hexadecimal. */
export function inputsDigest(recipe: SettledRecipe): string {
  return sha256(
    JSON.stringify([
      ASSEMBLY,
      ...[recipe.release.distribution, recipe.release.version],
      ...[recipe.include, recipe.sizeBytes, recipe.mirror ?? null],
      recipe.key === undefined ? null : sha256(recipe.key),
      sha256(recipe.agent),
      recipe.scripts.map(({ content }) => sha256(content)),
      recipe.files.map(({ path, content }) => [path, sha256(content)]),
    ]),
  );
}
