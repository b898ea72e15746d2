import type { Random } from '../../../../fixtures/agent/random.ts';
import { filling } from './digest.ts';
import { add, answer, existing, move, onOpened, removeFile, change, write } from './changes.ts';
import { type DirectoryNode, find, newDirectory, newFile } from './node.ts';

/** A call or two, for file-calls and for the model. */
export interface Operation {
  /** Without a user. */
  readonly calls: string;
  /** Does the same to the model. @returns the answer of file-calls. */
  readonly apply: (root: DirectoryNode) => string;
}

type Maker = (random: Random) => Operation;

const NAMES = ['a', 'b', 'c'];
const DEEPEST = 3;
const LENGTHS = [1, 10, 4095, 4096, 4097, 20_000];
const OFFSETS = [0, 1, 100, 4096, 10_000];
const SIZES = [0, 1, 4095, 4096, 12_345, 30_000];
/** The owner may always read and write: on the host root could do so anyway. */
const FILE_MODES = ['0600', '0644', '0664', '0755'];

/** Writing is as probable as everything else together. */
const MAKERS: readonly Maker[] = [
  writeWhole,
  writeWhole,
  overwrite,
  overwrite,
  append,
  append,
  truncate,
  createNew,
  makeDirectory,
  makeDirectory,
  removeDirectory,
  unlink,
  rename,
  rename,
  replaceByRename,
  exchange,
  renameWithoutReplacing,
  link,
  symlink,
  chmod,
  setTimes,
];

export function randomOperation(random: Random): Operation {
  return random.pick(MAKERS)(random);
}

function pathFrom(random: Random): string {
  const depth = 1 + random.below(DEEPEST);
  return Array.from({ length: depth }, () => random.pick(NAMES)).join('/');
}

function writeWhole(random: Random): Operation {
  const [path, length, seed] = [pathFrom(random), random.pick(LENGTHS), random.below(256)];
  return {
    calls: `open ${path} O_WRONLY|O_CREAT|O_TRUNC 0644;fill 0 0 ${length} ${seed}`,
    apply: (root) =>
      onOpened(root, path, 'create', (file) => {
        write(file, 0, Buffer.alloc(0), filling(length, seed));
        return length;
      }),
  };
}

function overwrite(random: Random): Operation {
  const [path, offset, length] = [pathFrom(random), random.pick(OFFSETS), random.pick(LENGTHS)];
  const seed = random.below(256);
  return {
    calls: `open ${path} O_WRONLY;fill 0 ${offset} ${length} ${seed}`,
    apply: (root) =>
      onOpened(root, path, 'existing', (file) => {
        write(file, offset, file.content, filling(length, seed));
        return length;
      }),
  };
}

function append(random: Random): Operation {
  const [path, length, seed] = [pathFrom(random), random.pick(LENGTHS), random.below(256)];
  return {
    calls: `open ${path} O_WRONLY|O_APPEND;fill 0 0 ${length} ${seed}`,
    apply: (root) =>
      onOpened(root, path, 'existing', (file) => {
        write(file, file.content.length, file.content, filling(length, seed));
        return length;
      }),
  };
}

/** As editors and package managers write files. */
function replaceByRename(random: Random): Operation {
  const [path, length, seed] = [pathFrom(random), random.pick(LENGTHS), random.below(256)];
  return {
    calls: `open new O_WRONLY|O_CREAT|O_EXCL 0644;fill 0 0 ${length} ${seed};rename new ${path};unlink new`,
    apply: (root) => {
      const file = newFile(0o644);
      write(file, 0, file.content, filling(length, seed));
      root.entries.set('new', file);
      const renamed = answer(move(root, 'new', path, 'plain'));
      return `0 ${length} ${renamed} ${answer(removeFile(root, 'new'))}`;
    },
  };
}

function truncate(random: Random): Operation {
  const [path, size] = [pathFrom(random), random.pick(SIZES)];
  return {
    calls: `truncate ${path} ${size};truncate ${path} ${size + 1}`,
    apply: (root) => {
      const found = existing(root, path, true);
      if (typeof found === 'string') return `${found} ${found}`;
      if (found.node.kind !== 'file') return 'EISDIR EISDIR';
      const content = Buffer.alloc(size + 1);
      found.node.content.copy(content, 0, 0, size);
      change(found.node, content);
      return '0 0';
    },
  };
}

function createNew(random: Random): Operation {
  const path = pathFrom(random);
  return {
    calls: `open ${path} O_WRONLY|O_CREAT|O_EXCL 0600`,
    apply: (root) => answer(add(root, path, () => newFile(0o600))),
  };
}

function makeDirectory(random: Random): Operation {
  const path = pathFrom(random);
  return {
    calls: `mkdir ${path} 0755`,
    apply: (root) => answer(add(root, path, () => newDirectory(0o755))),
  };
}

function symlink(random: Random): Operation {
  const [target, path] = [pathFrom(random), pathFrom(random)];
  return {
    calls: `symlink ${target} ${path}`,
    apply: (root) => answer(add(root, path, () => ({ kind: 'link', target, links: 1 }))),
  };
}

function removeDirectory(random: Random): Operation {
  const path = pathFrom(random);
  return {
    calls: `rmdir ${path}`,
    apply: (root) => {
      const found = existing(root, path, false);
      if (typeof found === 'string') return found;
      if (found.node.kind !== 'directory') return 'ENOTDIR';
      if (found.node.entries.size > 0) return 'ENOTEMPTY';
      found.parent.entries.delete(found.name);
      return '0';
    },
  };
}

function unlink(random: Random): Operation {
  const path = pathFrom(random);
  return { calls: `unlink ${path}`, apply: (root) => answer(removeFile(root, path)) };
}

function link(random: Random): Operation {
  const [path, name] = [pathFrom(random), pathFrom(random)];
  return {
    calls: `link ${path} ${name}`,
    apply: (root) => {
      const from = existing(root, path, false);
      if (typeof from === 'string') return from;
      const to = find(root, name, false);
      if (typeof to === 'string') return to;
      if (to.node) return 'EEXIST';
      if (from.node.kind === 'directory') return 'EPERM';
      from.node.links++;
      to.parent.entries.set(to.name, from.node);
      return '0';
    },
  };
}

function chmod(random: Random): Operation {
  const [path, mode] = [pathFrom(random), random.pick(FILE_MODES)];
  return {
    // Directories stay searchable.
    calls: `open ${path} O_WRONLY;fchmod 0 ${mode}`,
    apply: (root) =>
      onOpened(root, path, 'existing', (file) => {
        file.mode = parseInt(mode, 8);
        return 0;
      }),
  };
}

function setTimes(random: Random): Operation {
  const [path, seconds] = [pathFrom(random), random.below(1_000_000)];
  return {
    calls: `utimens ${path} ${seconds} ${seconds}`,
    apply: (root) => {
      const found = existing(root, path, true);
      if (typeof found === 'string') return found;
      if (found.node.kind === 'file') found.node.changed = seconds;
      return '0';
    },
  };
}

function rename(random: Random): Operation {
  const [from, to] = [pathFrom(random), pathFrom(random)];
  return { calls: `rename ${from} ${to}`, apply: (root) => answer(move(root, from, to, 'plain')) };
}

function exchange(random: Random): Operation {
  const [from, to] = [pathFrom(random), pathFrom(random)];
  return {
    calls: `renameat2 ${from} ${to} RENAME_EXCHANGE`,
    apply: (root) => answer(move(root, from, to, 'exchange')),
  };
}

function renameWithoutReplacing(random: Random): Operation {
  const [from, to] = [pathFrom(random), pathFrom(random)];
  return {
    calls: `renameat2 ${from} ${to} RENAME_NOREPLACE`,
    apply: (root) => answer(move(root, from, to, 'new')),
  };
}
