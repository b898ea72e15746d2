import type * as YamlModule from 'yaml';
import type { Document, Node, ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { InvalidInputError } from '../../errors/index.ts';
import { yamlText } from './yaml-text.ts';

type Yaml = typeof YamlModule;

/** The user's own cloud-config, to be merged with ours. */
export interface UserCloudConfig {
  readonly document: Document.Parsed;
  readonly value: Readonly<Record<string, unknown>>;
}

/** cloud-init reads with PyYAML, which implements YAML 1.1: `yes` is true and `0644` is octal. */
const VERSION = '1.1';
/** The header is not a comment of the user's; its line is kept, for line numbers in errors. */
const HEADER = /^(\s*)#cloud-config[^\n]*/;

/** @throws InvalidInputError with the line, for invalid YAML or a document that is not a mapping. */
export function parseUserCloudConfig(yaml: Yaml, text: string): UserCloudConfig {
  const lineCounter = new yaml.LineCounter();
  const document = yaml.parseDocument(text.replaceAll('\r\n', '\n').replace(HEADER, '$1'), {
    version: VERSION,
    intAsBigInt: true,
    lineCounter,
    prettyErrors: false,
    logLevel: 'error',
  });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw new InvalidInputError('userData', `line ${line}, column ${col}: ${error.message}`, {
      cause: error,
    });
  }
  if (document.contents !== null && !yaml.isMap(document.contents) && !isNull(yaml, document.contents)) {
    throw new InvalidInputError(
      'userData',
      'expected a YAML mapping below #cloud-config, such as packages: [nginx]',
    );
  }
  return { document, value: valueOf(document) };
}

/** @throws InvalidInputError for undefined aliases, or aliases that grow without bounds. */
function valueOf(document: Document.Parsed): Record<string, unknown> {
  try {
    return (document.toJS() ?? {}) as Record<string, unknown>;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new InvalidInputError('userData', problem, { cause: error });
  }
}

/**
 * Merges both into one cloud-config: lists are concatenated, ours first; mappings get all keys; of other values the user's
 * win. A user in both becomes one, with the keys of both. Written in block style, which every reader supports.
 */
export function mergeCloudConfigs(
  yaml: Yaml,
  ours: Readonly<Record<string, unknown>>,
  theirs: UserCloudConfig | undefined,
): string {
  const document: Document = theirs?.document.clone() ?? new yaml.Document({}, { version: VERSION });
  if (!yaml.isMap(document.contents)) document.contents = document.createNode({});
  const root = document.contents as YAMLMap;
  if (root.has('users')) root.set('users', usersOf(yaml, document, root.get('users', true)));
  mergeMap(yaml, document, root, ours);
  return `#cloud-config\n${yamlText(yaml, document)}`;
}

function mergeMap(
  yaml: Yaml,
  document: Document,
  map: YAMLMap,
  ours: Readonly<Record<string, unknown>>,
): void {
  for (const [key, value] of Object.entries(ours)) {
    const found = ownNode(yaml, document, map, key);
    if (found === undefined || isNull(yaml, found)) map.set(key, document.createNode(value));
    else if (yaml.isSeq(found) && Array.isArray(value)) mergeList(yaml, document, found, value, key);
    else if (yaml.isScalar(found) && Array.isArray(value)) {
      // A single package may be written without a list.
      map.set(key, document.createNode([...(value as unknown[]), found.value]));
    } else if (yaml.isMap(found) && isRecord(value)) mergeMap(yaml, document, found, value);
  }
}

function mergeList(
  yaml: Yaml,
  document: Document,
  list: YAMLSeq,
  ours: readonly unknown[],
  key: string,
): void {
  const missing = ours.filter((value) => {
    if (key !== 'users' || !isRecord(value)) return true;
    const same = list.items.find((item) => yaml.isMap(item) && item.get('name') === value['name']);
    if (!yaml.isMap(same)) return true;
    mergeMap(yaml, document, same, value);
    return false;
  });
  list.items.unshift(...missing.map((value) => document.createNode(value)));
}

/** Replaces an alias by a copy of its target, so that additions do not change the target. */
function ownNode(yaml: Yaml, document: Document, map: YAMLMap, key: string): Node | undefined {
  const found = map.get(key, true) as Node | undefined;
  if (!yaml.isAlias(found)) return found;
  const copy = found.resolve(document)?.clone() as ParsedNode | undefined;
  if (copy === undefined) return undefined;
  yaml.visit(copy, {
    Node: (_, node) => {
      if ('anchor' in node) delete node.anchor;
    },
  });
  map.set(key, copy);
  return copy;
}

/** Converts cloud-init's other forms, `default,bob` and a mapping by names, to a list. */
function usersOf(yaml: Yaml, document: Document, found: unknown): unknown {
  if (yaml.isScalar(found) && typeof found.value === 'string') {
    const names = found.value
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    return document.createNode(names);
  }
  if (!yaml.isMap(found)) return found;
  const value = found.toJS(document) as Record<string, unknown>;
  const users = Object.entries(value).map(([name, user]) => {
    if (isRecord(user)) return { name, ...user };
    return user === false || user === null ? undefined : name;
  });
  return document.createNode(users.filter((user) => user !== undefined));
}

function isNull(yaml: Yaml, node: unknown): boolean {
  return yaml.isScalar(node) && node.value === null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
