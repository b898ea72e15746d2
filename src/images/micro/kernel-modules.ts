import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageBuildError } from '../../errors/index.ts';
import type { Compression } from '../formats/bzimage.ts';
import { type Decompressors, decompress } from '../formats/decompress.ts';
import { elfSection } from '../formats/elf.ts';
import type { WantedModule } from './micro-modules.ts';
import { withoutSignature } from './module-signature.ts';

/** A kernel module, uncompressed and without its signature. */
export interface KernelModule {
  /** File name, as in "virtio_blk.ko". */
  readonly file: string;
  readonly data: Buffer;
  /** All modules that it depends on, by file name; in the order of depmod: the last is loaded first. */
  readonly needs: readonly string[];
  /** Names by which the kernel requests this module, as in "fs-overlay" or "virtio:d00000001v*". */
  readonly aliases: readonly string[];
  /** Release of the kernel that it was built for; undefined for a module that does not tell. */
  readonly release: string | undefined;
}

type LoadedModule = Omit<KernelModule, 'needs'> & { readonly depends: readonly string[] };

const SUFFIX = /\.ko(?:\.(xz|zst|gz|lz4))?$/;
const COMPRESSION: Readonly<Record<string, Compression>> = { xz: 'xz', zst: 'zstd', gz: 'gzip', lz4: 'lz4' };

/**
 * Collects modules and their dependencies from the modules directory of a kernel (/lib/modules/RELEASE).
 * Dependencies are read from the modules themselves, since packages have no modules.dep.
 * Missing modules are omitted: which ones are built in differs by distribution.
 * @throws ImageBuildError for a damaged module or a missing dependency.
 */
export async function collectModules(
  directory: string,
  wanted: readonly WantedModule[],
  tools: Decompressors,
): Promise<readonly KernelModule[]> {
  const files = await moduleFiles(directory);
  const loaded = new Map<string, LoadedModule>();
  const load = async (name: string): Promise<void> => {
    if (loaded.has(name)) return;
    const path = files.get(name);
    if (path === undefined) return;
    const suffix = SUFFIX.exec(path)?.[1];
    const compression = suffix === undefined ? 'none' : (COMPRESSION[suffix] ?? 'none');
    const data = withoutSignature(await decompress(await readFile(path), compression, tools));
    const information = elfSection(data, '.modinfo');
    if (information === undefined) throw new ImageBuildError(`${path} is not a kernel module`);
    const fields = moduleInformation(information);
    const depends = fields('depends').flatMap((list) => list.split(',').filter((entry) => entry !== ''));
    loaded.set(name, {
      file: basename(path).replace(SUFFIX, '.ko'),
      data,
      depends: depends.map(canonical),
      aliases: fields('alias'),
      release: fields('vermagic')[0]?.split(' ')[0],
    });
    for (const dependency of depends.map(canonical)) {
      if (!files.has(dependency)) {
        throw new ImageBuildError(
          `kernel module ${name} requires ${dependency}, which is missing in ${directory}`,
          { hint: 'give a kernel and all of its modules: --kernel KERNEL --modules DIRECTORY' },
        );
      }
      await load(dependency);
    }
  };
  for (const { name } of wanted) await load(canonical(name));

  const allNeeds = (name: string): string[] => {
    const direct = loaded.get(name)?.depends ?? [];
    const deep = [...direct, ...direct.flatMap(allNeeds)];
    // The last occurrence is kept, so that a shared dependency is loaded before all modules that need it.
    return deep.filter((entry, index) => deep.lastIndexOf(entry) === index);
  };
  return [...loaded.keys()].sort().map((name) => {
    const { depends: _depends, ...module } = entryOf(loaded, name);
    return { ...module, needs: allNeeds(name).map((need) => entryOf(loaded, need).file) };
  });
}

/** Returns the text of modules.dep, with lines "FILE: NEEDED…". */
export function modulesDep(modules: readonly KernelModule[]): string {
  return modules.map(({ file, needs }) => `${[`${file}:`, ...needs].join(' ')}\n`).join('');
}

/** Returns the text of modules.alias, with lines "alias PATTERN MODULE", which resolve requests of the kernel. */
export function modulesAlias(modules: readonly KernelModule[]): string {
  return modules
    .flatMap(({ file, aliases }) => aliases.map((alias) => `alias ${alias} ${file.replace(SUFFIX, '')}\n`))
    .join('');
}

/** Returns paths by module name. Of duplicates the first in byte order is used, so that the result is reproducible. */
async function moduleFiles(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  // With their types: links to the sources, which an installed directory has, are not followed.
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && SUFFIX.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    const name = canonical(basename(path).replace(SUFFIX, ''));
    if (!files.has(name)) files.set(name, path);
  }
  return files;
}

/** Returns a lookup of the NUL-separated "key=value" strings of a module's .modinfo section. */
function moduleInformation(section: Buffer): (key: string) => string[] {
  const strings = section.toString('latin1').split('\0');
  return (key) =>
    strings.filter((string) => string.startsWith(`${key}=`)).map((string) => string.slice(key.length + 1));
}

/** Normalizes a module name: the kernel treats "-" and "_" as equal. */
function canonical(name: string): string {
  return name.replaceAll('-', '_');
}

function entryOf<T>(map: ReadonlyMap<string, T>, name: string): T {
  const entry = map.get(name);
  if (entry === undefined) throw new Error(`no such kernel module: ${name}`);
  return entry;
}
