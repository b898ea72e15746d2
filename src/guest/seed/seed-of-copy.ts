import { yamlText } from './yaml-text.ts';

/** The machine of a copied seed. */
export interface CopyTarget {
  readonly macAddress: string;
  /** The original's by default. */
  readonly hostname?: string;
  /** The only host name that `hostname` replaces: the user may have chosen another. Any by default. */
  readonly earlierHostname?: string;
  /** Texts in all files, and others of the same length that replace them. */
  readonly replaced?: readonly (readonly [string, string])[];
}

/**
 * Returns a seed's files for a copy of its machine. For the programs that read them, the copy is the same instance, whose
 * first boot is over, unless `replaced` gives it another ID; only its host name is read at every boot, and written to
 * /etc/hosts.
 */
export async function seedOfCopy(
  files: ReadonlyMap<string, Uint8Array>,
  from: { readonly macAddress: string },
  to: CopyTarget,
): Promise<Map<string, Uint8Array>> {
  const copied = new Map<string, Uint8Array>();
  const replaced = [[from.macAddress, to.macAddress] as const, ...(to.replaced ?? [])];
  for (const [name, content] of files) copied.set(name, withTexts(content, replaced));
  if (to.hostname === undefined) return copied;
  // Parsing YAML needs a library that the rest of a clone does not.
  const yaml = await import('yaml');
  const metaData = yaml.parse(Buffer.from(copied.get('meta-data') ?? '').toString(), {
    version: '1.1',
  }) as Record<string, unknown>;
  const { earlierHostname: earlier } = to;
  if (earlier !== undefined && metaData['local-hostname'] !== earlier) return copied;
  const renamed = { ...metaData, 'local-hostname': to.hostname };
  copied.set('meta-data', Buffer.from(yamlText(yaml, new yaml.Document(renamed, { version: '1.1' }))));
  return copied;
}

function withTexts(content: Uint8Array, replaced: readonly (readonly [string, string])[]): Uint8Array {
  const changed = Buffer.from(content);
  for (const [old, own] of replaced) {
    for (let at = changed.indexOf(old); at !== -1; at = changed.indexOf(old, at)) {
      at += changed.write(own, at, 'latin1');
    }
  }
  return changed;
}
