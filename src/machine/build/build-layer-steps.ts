import { basename } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { type BuildScript, readScript } from '../../images/build/recipe.ts';
import { sha256 } from '../../images/digest/sha256.ts';
import { installScript } from './build-layer-packages.ts';

/** One script; its result becomes one image. */
export interface LayerStep {
  /** Shown in messages. */
  readonly title: string;
  /** Name of the script's file in the guest. */
  readonly fileName: string;
  readonly content: Uint8Array;
  /** Variables in addition to those that every script gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Virtual size of the disk; undefined for the size of the image below. */
  readonly sizeBytes: number | undefined;
}

export interface LayerRecipe extends Pick<LayerStep, 'environment' | 'sizeBytes'> {
  readonly include: readonly string[];
  readonly run: readonly BuildScript[];
}

/** Increased when the work before or after the script changes, so that older images are not reused. */
const ASSEMBLY = 1;

/**
 * Returns the steps, packages first. @throws InvalidInputError for unreadable scripts, or when there is
 * nothing to do.
 */
export async function layerSteps({
  include,
  run,
  environment,
  sizeBytes,
}: LayerRecipe): Promise<readonly LayerStep[]> {
  for (const [name, value] of Object.entries(environment)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes('\0')) continue;
    throw new InvalidInputError('env', `invalid variable ${JSON.stringify(name)}`, {
      hint: 'a name consists of letters, digits and underscores, and does not begin with a digit; a value contains no NUL',
    });
  }
  const packages = [...new Set(include)].sort();
  const scripts = await Promise.all(run.map(readScript));
  const steps = [
    ...(packages.length === 0
      ? []
      : [
          {
            name: `the installation of ${packages.join(', ')}`,
            content: Buffer.from(installScript(packages)),
          },
        ]),
    ...scripts,
  ].map(({ name, content }, index) => ({
    title: name,
    fileName: packages.length > 0 && index === 0 ? 'install-packages' : fileNameOf(name),
    content,
    environment,
    sizeBytes,
  }));
  if (steps.length > 0) return steps;
  throw new InvalidInputError('run', 'no script and no packages given', {
    hint: 'give a script with --run, or packages with --include; to add a name to an existing image, run: vmlet image tag IMAGE NAME',
  });
}

/** A name that shows which script a shell's error message is about. */
function fileNameOf(name: string): string {
  const safe = basename(name).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return /^\.*$/.test(safe) ? 'script' : safe.slice(0, 100);
}

/** Digest of everything that determines the step's image: lower-case hexadecimal SHA-256. */
export function stepInputs(baseDigest: string, step: LayerStep): string {
  const { fileName, content, environment, sizeBytes } = step;
  const variables = Object.entries(environment).sort(([one], [other]) => (one < other ? -1 : 1));
  return sha256(
    JSON.stringify([ASSEMBLY, baseDigest, fileName, sha256(content), variables, sizeBytes ?? null]),
  );
}
