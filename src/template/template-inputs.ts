import { CatalogueFileError, ImageNotFoundError } from '../errors/index.ts';
import { digestOfAgent } from '../images/record/agent-file.ts';
import { sha256 } from '../images/digest/sha256.ts';
import { findBootSource } from '../machine/survey/boot-source.ts';
import type { BootSource } from '../machine/survey/found-spec.ts';
import type { Locations } from '../machine/paths/locations.ts';
import { agentProgram } from '../machine/paths/package-files.ts';
import type { LaunchOptions } from '../machine/spec/launch-options.ts';
import type { Spec } from '../machine/spec/spec.ts';

/**
 * Returns a digest of all that a template is created from: SHA-256 in lower-case hexadecimal. An image counts by the
 * paths of its files, which are named by their content; an image that is not in the store counts as different. Kernel
 * modules count by their content, because they are built again in the same directory.
 */
export async function templateInputs(
  spec: Spec,
  commands: readonly string[],
  networkCards: number,
  { signal }: Pick<LaunchOptions, 'signal'>,
  locations: Locations,
): Promise<string> {
  const source = await findStored(spec, signal, locations);
  const { pull: _pull, timeoutMs: _timeoutMs, ...what } = spec;
  const modules = await digestOfModules(spec, signal);
  return sha256(
    JSON.stringify([
      what,
      source ?? null,
      commands,
      networkCards,
      await digestOfAgent(agentProgram()),
      ...(modules === undefined ? [] : [modules]),
    ]),
  );
}

/** Whether a publisher is asked for an image that is in the store already. */
export function asksPublisher({ pull }: Pick<Spec, 'pull'>): boolean {
  return pull === 'newer' || pull === 'always';
}

/**
 * Finds what a boot would start from. An image is pulled only if the spec asks for a newer one.
 * @returns undefined for an image that is not in the store.
 * @throws what `findBootSource` throws.
 */
export async function findCurrentSource(
  spec: Spec,
  { signal, onProgress }: Pick<LaunchOptions, 'signal' | 'onProgress'>,
  locations: Locations,
): Promise<BootSource | undefined> {
  if (!asksPublisher(spec)) return findStored(spec, signal, locations);
  return findBootSource(spec, { locations, signal, onProgress, pull: spec.pull });
}

async function findStored(
  spec: Spec,
  signal: AbortSignal | undefined,
  locations: Locations,
): Promise<BootSource | undefined> {
  try {
    return await findBootSource(spec, { locations, signal, onProgress: undefined, pull: 'never' });
  } catch (error) {
    if (error instanceof ImageNotFoundError || error instanceof CatalogueFileError) return undefined;
    throw error;
  }
}

async function digestOfModules({ boot }: Spec, signal: AbortSignal | undefined): Promise<string | undefined> {
  if (boot.kind !== 'kernel' || boot.modules === undefined) return undefined;
  const { modulesArchive } = await import('../images/micro/modules-archive.ts');
  return sha256(await modulesArchive(boot.kernel, boot.modules, signal));
}
