import { basename } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { type BuildScript, readScript } from '../../images/build/recipe.ts';
import { sha256 } from '../../images/digest/sha256.ts';
import { installScript } from './build-layer-packages.ts';

/** One script, whose result becomes one image. */
export interface LayerStep {
  /** For people. */
  readonly title: string;
  /** Of its file in the guest. */
  readonly fileName: string;
  readonly content: Uint8Array;
  /** Beside what every script gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the guest sees of the disk; undefined for what it sees of the image below. */
  readonly sizeBytes: number | undefined;
}

export interface LayerRecipe extends Pick<LayerStep, 'environment' | 'sizeBytes'> {
  readonly include: readonly string[];
  readonly run: readonly BuildScript[];
}

/** Changes when what is done beside the script, before and after it, does. */
const ASSEMBLY = 1;

/**
 * The packages come first. @throws InvalidInputError for what cannot be read, or where there is nothing to do.
 */
export async function layerSteps({
  include,
  run,
  environment,
  sizeBytes,
}: LayerRecipe): Promise<readonly LayerStep[]> {
  for (const [name, value] of Object.entries(environment)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes('\0')) continue;
    throw new InvalidInputError('env', `${JSON.stringify(name)} cannot be a variable of a script’s`, {
      hint: 'letters, digits and underscores make its name, and its value has no NUL',
    });
  }
  const packages = [...new Set(include)].sort();
  const scripts = await Promise.all(run.map(readScript));
  const steps = [
    ...(packages.length === 0
      ? []
      : [{ name: `the packages ${packages.join(', ')}`, content: Buffer.from(installScript(packages)) }]),
    ...scripts,
  ].map(({ name, content }, index) => ({
    title: name,
    fileName: packages.length > 0 && index === 0 ? 'install-packages' : fileNameOf(name),
    content,
    environment,
    sizeBytes,
  }));
  if (steps.length > 0) return steps;
  throw new InvalidInputError('run', 'there is nothing to change in the image', {
    hint: 'give a script with --run, or packages with --include; another name alone: vmlet image tag',
  });
}

/** Its own, so that what a shell complains of can be found. */
function fileNameOf(name: string): string {
  const safe = basename(name).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return /^\.*$/.test(safe) ? 'script' : safe.slice(0, 100);
}

/** Of all that makes the step's image what it is: lower-case hexadecimal SHA-256. */
export function stepInputs(baseDigest: string, step: LayerStep): string {
  const { fileName, content, environment, sizeBytes } = step;
  const variables = Object.entries(environment).sort(([one], [other]) => (one < other ? -1 : 1));
  return sha256(
    JSON.stringify([ASSEMBLY, baseDigest, fileName, sha256(content), variables, sizeBytes ?? null]),
  );
}
