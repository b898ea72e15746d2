import { CatalogueFileError } from '../../errors/index.ts';
import { YamlFile } from '../../util/files/yaml-file.ts';
import { type CatalogueFile, catalogueFileSchema } from './catalogue-schema.ts';

/**
 * Reads a file of the catalogue.
 * @param otherKeys names of keys that it may use in addition to its own.
 * @returns undefined when the file does not exist.
 * @throws CatalogueFileError, with the line of the problem.
 */
export async function readCatalogueFile(
  path: string,
  otherKeys: readonly string[] = [],
): Promise<CatalogueFile | undefined> {
  const file = await YamlFile.read(path, CatalogueFileError);
  if (file === undefined) return undefined;
  const contents = file.parse(catalogueFileSchema, knownKeys);
  const problem = missingKey(contents, otherKeys);
  if (problem) throw file.error(problem.field, problem.words, { hint: problem.hint });
  return contents;
}

/** Finds the first signature whose key is not defined. */
function missingKey({ keys, images }: CatalogueFile, otherKeys: readonly string[]) {
  const known = [...Object.keys(keys), ...otherKeys];
  for (const [name, { signature }] of Object.entries(images)) {
    if (signature === undefined || known.includes(signature.key)) continue;
    return {
      field: ['images', name, 'signature', 'key'],
      words: `no such signing key: ${signature.key}`,
      hint: `define this signing key under "keys" in this file, or use one of ${known.join(', ')}`,
    };
  }
  return undefined;
}

/** The valid keys beside an unknown one. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return Object.keys(catalogueFileSchema.shape);
  const images = catalogueFileSchema.shape.images.unwrap().valueType;
  if (path[0] === 'images' && path.length === 2) return Object.keys(images.shape);
  if (path[0] === 'images' && path[2] === 'digest') return Object.keys(images.shape.digest.unwrap().shape);
  if (path[0] === 'images' && path[2] === 'index') return Object.keys(images.shape.index.unwrap().shape);
  if (path[0] === 'keys') return Object.keys(catalogueFileSchema.shape.keys.unwrap().valueType.shape);
  return [];
}
