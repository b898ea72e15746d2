import { digestOf } from './digest.ts';

/** A file system in memory. */
export type Node = FileNode | DirectoryNode | LinkNode;

export interface FileNode {
  readonly kind: 'file';
  mode: number;
  content: Buffer;
  links: number;
  /** Seconds, or the present. */
  changed: number | 'now';
  /** FNV-1a of the content, until that changes. */
  digest: string | undefined;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  mode: number;
  readonly entries: Map<string, Node>;
}

export interface LinkNode {
  readonly kind: 'link';
  readonly target: string;
  links: number;
}

/** Where a path leads: a directory, and the name in it, which exists or could be created. */
export interface Position {
  readonly parent: DirectoryNode;
  readonly name: string;
  readonly node: Node | undefined;
}

/** The name of an error, as in errno(3). */
export type Errno = 'EEXIST' | 'EINVAL' | 'EISDIR' | 'ELOOP' | 'ENOENT' | 'ENOTDIR' | 'ENOTEMPTY' | 'EPERM';

/** Linux follows so many in one path. */
const MOST_LINKS = 40;

export function newFile(mode: number): FileNode {
  return { kind: 'file', mode, content: Buffer.alloc(0), links: 1, changed: 'now', digest: undefined };
}

export function newDirectory(mode: number): DirectoryNode {
  return { kind: 'directory', mode, entries: new Map() };
}

/** Follows a path as the kernel does. @param follow also a symbolic link at its end. */
export function find(root: DirectoryNode, path: string, follow: boolean): Position | Errno {
  let parent = root;
  let parts = path.split('/');
  for (let links = 0; ;) {
    const [name = '', ...rest] = parts;
    const node = parent.entries.get(name);
    if (node?.kind === 'link' && (follow || rest.length > 0)) {
      if (++links > MOST_LINKS) return 'ELOOP';
      // Targets are relative to the directory of the link.
      parts = [...node.target.split('/'), ...rest];
      continue;
    }
    if (rest.length === 0) return { parent, name, node };
    if (!node) return 'ENOENT';
    if (node.kind !== 'directory') return 'ENOTDIR';
    [parent, parts] = [node, rest];
  }
}

/** Whether a directory is another one, or lies above it. */
export function contains(upper: Node, lower: Node): boolean {
  if (upper === lower) return true;
  return upper.kind === 'directory' && [...upper.entries.values()].some((entry) => contains(entry, lower));
}

/** All entries, as the `tree` of file-calls prints them. @param owner UID:GID. */
export function treeOf(root: DirectoryNode, owner: string): string[] {
  const below = (directory: DirectoryNode, prefix: string): string[] =>
    [...directory.entries].flatMap(([name, node]) => [
      `${prefix}${name} ${describe(node, owner)}`,
      ...(node.kind === 'directory' ? below(node, `${prefix}${name}/`) : []),
    ]);
  return below(root, '').sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

function describe(node: Node, owner: string): string {
  switch (node.kind) {
    case 'directory':
      return `d ${octal(node.mode)} ${owner} - -`;
    case 'link':
      return `l 0777 ${owner} ${Buffer.byteLength(node.target)} ${node.links} ${node.target}`;
    case 'file': {
      node.digest ??= digestOf(node.content);
      const { mode, content, links, changed, digest } = node;
      return `f ${octal(mode)} ${owner} ${content.length} ${links} ${changed} ${digest}`;
    }
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
