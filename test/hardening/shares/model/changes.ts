import {
  type DirectoryNode,
  type Errno,
  type FileNode,
  type Node,
  type Position,
  contains,
  find,
  newFile,
} from './node.ts';

/** The answer of file-calls. */
export function answer(problem: Errno | undefined): string {
  return problem ?? '0';
}

interface Existing extends Position {
  readonly node: Node;
}

export function existing(root: DirectoryNode, path: string, follow: boolean): Existing | Errno {
  const found = find(root, path, follow);
  if (typeof found === 'string') return found;
  const { node } = found;
  return node ? { ...found, node } : 'ENOENT';
}

export function onOpened(
  root: DirectoryNode,
  path: string,
  which: 'existing' | 'create',
  use: (file: FileNode) => number,
): string {
  const found = find(root, path, true);
  const created = which === 'create' ? newFile(0o644) : 'ENOENT';
  const opened = typeof found === 'string' ? found : (found.node ?? created);
  // A call on a descriptor that was not opened.
  if (typeof opened === 'string') return `${opened} EBADF`;
  if (opened.kind !== 'file') return 'EISDIR EBADF';
  if (typeof found !== 'string') found.parent.entries.set(found.name, opened);
  return `0 ${use(opened)}`;
}

export function write(file: FileNode, offset: number, content: Buffer, bytes: Buffer): void {
  const changed = Buffer.alloc(Math.max(content.length, offset + bytes.length));
  content.copy(changed);
  bytes.copy(changed, offset);
  change(file, changed);
}

export function change(file: FileNode, content: Buffer): void {
  file.content = content;
  file.changed = 'now';
  file.digest = undefined;
}

export function add(root: DirectoryNode, path: string, make: () => Node): Errno | undefined {
  const found = find(root, path, false);
  if (typeof found === 'string') return found;
  if (found.node) return 'EEXIST';
  found.parent.entries.set(found.name, make());
  return undefined;
}

export function removeFile(root: DirectoryNode, path: string): Errno | undefined {
  const found = existing(root, path, false);
  if (typeof found === 'string') return found;
  if (found.node.kind === 'directory') return 'EISDIR';
  found.node.links--;
  found.parent.entries.delete(found.name);
  return undefined;
}

/** The checks are in the order of Linux's do_renameat2 and vfs_rename. */
export function move(
  root: DirectoryNode,
  fromPath: string,
  toPath: string,
  how: 'plain' | 'exchange' | 'new',
): Errno | undefined {
  const from = find(root, fromPath, false);
  if (typeof from === 'string') return from;
  const to = find(root, toPath, false);
  if (typeof to === 'string') return to;
  const { node } = from;
  if (!node) return 'ENOENT';
  if (to.node && how === 'new') return 'EEXIST';
  if (!to.node && how === 'exchange') return 'ENOENT';
  if (contains(node, to.parent)) return 'EINVAL';
  if (to.node && contains(to.node, from.parent)) return how === 'exchange' ? 'EINVAL' : 'ENOTEMPTY';
  if (to.node === node) return undefined;
  if (to.node && how === 'plain') {
    const problem = whyNotReplaced(node, to.node);
    if (problem) return problem;
    if (to.node.kind !== 'directory') to.node.links--;
  }
  from.parent.entries.delete(from.name);
  if (to.node && how === 'exchange') from.parent.entries.set(from.name, to.node);
  to.parent.entries.set(to.name, node);
  return undefined;
}

function whyNotReplaced(node: Node, replaced: Node): Errno | undefined {
  if (node.kind === 'directory' && replaced.kind !== 'directory') return 'ENOTDIR';
  if (node.kind !== 'directory' && replaced.kind === 'directory') return 'EISDIR';
  return replaced.kind === 'directory' && replaced.entries.size > 0 ? 'ENOTEMPTY' : undefined;
}
