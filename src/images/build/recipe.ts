import { readFile } from 'node:fs/promises';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { readAgent } from '../record/agent-file.ts';
import { readBuildFiles } from '../record/build-files.ts';
import { sha256 } from '../digest/sha256.ts';
import type { Installer } from './recipe/installer.ts';
import { installerOf } from './installers.ts';
import type { SettledRecipe } from './recipe/installer.ts';

const MEBIBYTE = 1024 * 1024;
const DEFAULT_SIZE = 10 * 1024 * MEBIBYTE;
const LEAST_SIZE = 1024 * MEBIBYTE;
/** 2 TiB, the largest disk of which a BIOS finds the whole. */
const MOST_SIZE = 2 * 1024 * 1024 * MEBIBYTE;

/** A program that is run in the new system by its root: a file, or what would be in one. */
export type BuildScript = { readonly path: string } | { readonly name: string; readonly content: string };

/** What a disk is built from. The same recipe with the same digest may give newer packages on another day. */
export interface DistributionRecipe {
  /** `debian`, `fedora`, `centos-stream`, `rocky` or `almalinux`. */
  readonly distribution: string;
  /** Such as `13`, or `trixie`. */
  readonly release: string;
  /** Packages beside those that make a system that boots and is reached; what they only recommend is not installed. */
  readonly include: readonly string[];
  /** Run one after the other once all packages are there. */
  readonly run: readonly BuildScript[];
  /** Path of the guest agent's program. */
  readonly agent: string;
  /** What the guest sees, a multiple of a mebibyte; 10 GiB by default. Takes no room before it is used. */
  readonly sizeBytes?: number | undefined;
  /** The mirror that packages come from; by default the host's where it is for Debian, else the distribution's. */
  readonly mirror?: string | undefined;
  /** A file with the key that signs the mirror's packages, where the distribution's does not. Not for Debian. */
  readonly key?: string | undefined;
}

/** @throws InvalidInputError, ImageBuildError where the agent is missing. */
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
  throw new InvalidInputError('include', `${JSON.stringify(name)} cannot be the name of a package`, {
    hint: 'Letters (lower-case for Debian), digits and + - . make one, such as nginx or g++; several are separated by commas.',
  });
}

/** @throws InvalidInputError for a file that cannot be read. */
export async function readScript(script: BuildScript): Promise<SettledRecipe['scripts'][number]> {
  if ('content' in script) return { name: script.name, content: Buffer.from(script.content) };
  return { name: script.path, content: await readGiven('run', script.path) };
}

async function readKey(path: string, installer: Installer): Promise<Buffer> {
  if (!installer.takesKey) {
    throw new InvalidInputError('key', 'says nothing about Debian, whose packages its own keys sign', {
      hint: 'Leave it out.',
    });
  }
  const content = await readGiven('key', path);
  if (content.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return content;
  throw new InvalidInputError('key', `${path} has no public key in it`, {
    hint: 'Such as gpg --export --armor makes.',
  });
}

async function readGiven(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR')) throw error;
    const isMissing = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    const why = error.code === 'EISDIR' ? 'is a directory' : 'may not be read by this user';
    throw new InvalidInputError(flag, isMissing ? `there is no file ${path}` : `${path} ${why}`, {
      cause: error,
    });
  }
}

function requireSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes % MEBIBYTE === 0 && bytes >= LEAST_SIZE && bytes <= MOST_SIZE) {
    return bytes;
  }
  throw new InvalidInputError('size', `${bytes} bytes are no size for a system's disk`, {
    hint: 'From 1 GiB to 2 TiB, in whole mebibytes.',
  });
}

function requireMirror(mirror: string): string {
  if (/^https?:\/\/[^\s]+$/.test(mirror)) return mirror.replace(/\/+$/, '');
  throw new InvalidInputError('mirror', `${JSON.stringify(mirror)} is no address of a mirror`, {
    hint: 'Such as http://deb.debian.org/debian.',
  });
}

/** Changes when the way in which a disk is put together does, which the files of the build do not show. */
const ASSEMBLY = 2;

/** Of everything that goes into a disk but the state of the mirror: lower-case hexadecimal SHA-256. */
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
