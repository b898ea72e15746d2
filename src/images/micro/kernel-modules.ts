import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageBuildError } from '../../errors/index.ts';
import type { Compression } from '../formats/bzimage.ts';
import { type Decompressors, decompress } from '../formats/decompress.ts';
import { elfSection } from '../formats/elf.ts';
import type { WantedModule } from './micro-modules.ts';
import { withoutSignature } from './module-signature.ts';

/** One module, uncompressed and without its signature. */
export interface KernelModule {
  /** File name, as in "virtio_blk.ko". */
  readonly file: string;
  readonly data: Buffer;
  /** Every module that has to be there first, by file name; in the order of depmod: the last is loaded first. */
  readonly needs: readonly string[];
  /** What the kernel asks for when it wants this module, as in "fs-overlay" or "virtio:d00000001v*". */
  readonly aliases: readonly string[];
}

const SUFFIX = /\.ko(?:\.(xz|zst|gz|lz4))?$/;
const COMPRESSION: Readonly<Record<string, Compression>> = { xz: 'xz', zst: 'zstd', gz: 'gzip', lz4: 'lz4' };

/**
 * Collects modules and all that they need from the modules directory of one kernel (/lib/modules/RELEASE).
 * The directory needs no modules.dep: packages come without one, so dependencies are read from the modules themselves.
 * Modules that the kernel does not have are left out: which are built in differs from distribution to distribution.
 * @throws ImageBuildError where a module is damaged or a dependency is missing.
 */
export async function collectModules(
  directory: string,
  wanted: readonly WantedModule[],
  tools: Decompressors,
): Promise<readonly KernelModule[]> {
  const files = await moduleFiles(directory);
  const loaded = new Map<string, { file: string; data: Buffer; depends: string[]; aliases: string[] }>();
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
    });
    for (const dependency of depends.map(canonical)) {
      if (!files.has(dependency)) {
        throw new ImageBuildError(
          `the kernel module ${name} needs ${dependency}, which is not in ${directory}`,
        );
      }
      await load(dependency);
    }
  };
  for (const { name } of wanted) await load(canonical(name));

  const allNeeds = (name: string): string[] => {
    const direct = loaded.get(name)?.depends ?? [];
    const deep = [...direct, ...direct.flatMap(allNeeds)];
    // The last mention counts: a module that two others need is loaded before both.
    return deep.filter((entry, index) => deep.lastIndexOf(entry) === index);
  };
  return [...loaded.keys()].sort().map((name) => {
    const { file, data, aliases } = entryOf(loaded, name);
    return { file, data, aliases, needs: allNeeds(name).map((need) => entryOf(loaded, need).file) };
  });
}

/** The text of modules.dep: "FILE: NEEDED…" a line. */
export function modulesDep(modules: readonly KernelModule[]): string {
  return modules.map(({ file, needs }) => `${[`${file}:`, ...needs].join(' ')}\n`).join('');
}

/** The text of modules.alias: "alias PATTERN MODULE" a line, by which the kernel's own requests find a module. */
export function modulesAlias(modules: readonly KernelModule[]): string {
  return modules
    .flatMap(({ file, aliases }) => aliases.map((alias) => `alias ${alias} ${file.replace(SUFFIX, '')}\n`))
    .join('');
}

/** Paths by module name. Of two with one name the first in byte order is taken, so that the result is always the same. */
async function moduleFiles(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const entries = await readdir(directory, { recursive: true });
  for (const entry of entries.filter((path) => SUFFIX.test(path)).sort()) {
    const name = canonical(basename(entry).replace(SUFFIX, ''));
    if (!files.has(name)) files.set(name, join(directory, entry));
  }
  return files;
}

/** A reader of the NUL-separated "key=value" strings of a module's .modinfo section. */
function moduleInformation(section: Buffer): (key: string) => string[] {
  const strings = section.toString('latin1').split('\0');
  return (key) =>
    strings.filter((string) => string.startsWith(`${key}=`)).map((string) => string.slice(key.length + 1));
}

/** The kernel treats "-" and "_" in module names as one. */
function canonical(name: string): string {
  return name.replaceAll('-', '_');
}

function entryOf<T>(map: ReadonlyMap<string, T>, name: string): T {
  const entry = map.get(name);
  if (entry === undefined) throw new Error(`no module ${name}`);
  return entry;
}
