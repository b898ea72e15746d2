import { access, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isSystemError } from '../../errors/index.ts';

/** The used parts of a descriptor. Features, devices and formats are strings here, since QEMU adds new ones. */
const fileSchema = z.object({ filename: z.string(), format: z.string() });

const descriptorSchema = z.object({
  description: z.string(),
  'interface-types': z.array(z.string()),
  mapping: z.discriminatedUnion('device', [
    z.object({
      device: z.literal('flash'),
      // Descriptors from before QEMU 7.0 lack it.
      mode: z.string().default('split'),
      executable: fileSchema,
      'nvram-template': fileSchema.optional(),
    }),
    z.object({ device: z.enum(['kernel', 'memory']), filename: z.string() }),
  ]),
  targets: z.array(z.object({ architecture: z.string(), machines: z.array(z.string()) })),
  features: z.array(z.string()),
});

/** Contents of one descriptor file. Source: docs/interop/firmware.json of QEMU. */
export type FirmwareDescriptor = z.infer<typeof descriptorSchema> & {
  /** Path of the descriptor. */
  readonly source: string;
};

/** All firmware that a host describes. */
export interface FirmwareDescriptors {
  /** Searched directories, from the distribution's to the user's. */
  readonly directories: readonly string[];
  /** Descriptors whose files exist, in order of preference. */
  readonly found: readonly FirmwareDescriptor[];
  /** One sentence for each skipped descriptor, with its name. */
  readonly problems: readonly string[];
}

/**
 * Returns the directories of descriptors by QEMU's interoperability document; a later directory overrides an earlier one.
 * @param home the user's home directory, used when XDG_CONFIG_HOME is unset or not absolute.
 */
export function firmwareDirectories(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string[] {
  const configured = environment['XDG_CONFIG_HOME'];
  const config = configured?.startsWith('/') ? configured : join(home, '.config');
  return ['/usr/share/qemu/firmware', '/etc/qemu/firmware', join(config, 'qemu', 'firmware')];
}

/** Reads all descriptors. A broken one, or one whose firmware is missing, is reported as a problem, not thrown. */
export async function readFirmwareDescriptors(directories: readonly string[]): Promise<FirmwareDescriptors> {
  const problems: string[] = [];
  const sources = new Map<string, string>();
  for (const directory of directories) {
    for (const name of await listDescriptors(directory, problems)) sources.set(name, join(directory, name));
  }
  const found: FirmwareDescriptor[] = [];
  for (const [, source] of [...sources].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const descriptor = await readDescriptor(source, problems);
    if (!descriptor) continue;
    const missing = await findMissing(filesOf(descriptor));
    if (missing === undefined) found.push(descriptor);
    else problems.push(`${source} refers to ${missing}, which does not exist`);
  }
  return { directories, found, problems };
}

async function listDescriptors(directory: string, problems: string[]): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return [];
    if (!isSystemError(error)) throw error;
    problems.push(`${directory} cannot be read (${error.code ?? error.message})`);
    return [];
  }
}

/** Returns undefined for an unusable descriptor: an empty file hides one of the same name, others are problems. */
async function readDescriptor(source: string, problems: string[]): Promise<FirmwareDescriptor | undefined> {
  let text: string;
  try {
    text = await readFile(source, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    problems.push(`${source} cannot be read (${error.code ?? error.message})`);
    return undefined;
  }
  if (text === '') return undefined;
  try {
    return { ...descriptorSchema.parse(JSON.parse(text)), source };
  } catch (error) {
    if (error instanceof SyntaxError) problems.push(`${source} is not JSON (${error.message})`);
    else if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      problems.push(`${source} is not a firmware descriptor (${issue?.path.join('.')}: ${issue?.message})`);
    } else throw error;
    return undefined;
  }
}

function filesOf({ mapping }: FirmwareDescriptor): string[] {
  if (mapping.device !== 'flash') return [mapping.filename];
  const template = mapping['nvram-template'];
  return [mapping.executable.filename, ...(template ? [template.filename] : [])];
}

async function findMissing(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return path;
    }
  }
  return undefined;
}
