import { CREATE, type Operation, type Words } from './operation.ts';

const IMPORT: Words = ['image', 'import', '@/guest.img', 'one:1'];
const TIDY: readonly Words[] = [['image', 'prune', '--all', '--force']];

export const IMAGE_OPERATIONS: readonly Operation[] = [
  // prune removes an image without a name.
  {
    name: 'image-import',
    prepare: [],
    args: IMPORT,
    between: /^nothing of its own/,
    doneAlready: /./,
    tidy: TIDY,
  },
  {
    name: 'image-import-gzip',
    prepare: [],
    args: ['image', 'import', '@/guest.img.gz', 'one:1'],
    between: /^nothing of its own/,
    doneAlready: /./,
    tidy: TIDY,
  },
  {
    name: 'image-pull',
    prepare: [],
    args: ['image', 'pull', 'web:1'],
    between: /^nothing of its own/,
    doneAlready: /./,
    // The partial file of an interrupted download and its lock are removed on request, or by a pull a week later;
    // elsewhere, by the next change of the store.
    leaves: /^(cache\/vmlet\/downloads|data\/vmlet\/images\/\.building-[^/]*)(\/|$)/,
    tidy: [['system', 'prune', '--all', '--force']],
    publishes: true,
  },
  {
    name: 'image-tag',
    prepare: [IMPORT],
    args: ['image', 'tag', 'one:1', 'two:2'],
    doneAlready: /./,
    tidy: TIDY,
  },
  {
    name: 'image-rm',
    prepare: [IMPORT],
    args: ['image', 'rm', 'one:1'],
    between: /^nothing of its own/,
    doneAlready: /^vmlet: .*one:1/m,
    tidy: TIDY,
  },
  {
    name: 'image-prune',
    prepare: [IMPORT],
    args: ['image', 'prune', '--all', '--force'],
    between: /^nothing of its own/,
    doneAlready: /./,
    tidy: TIDY,
  },
  {
    name: 'system-prune',
    prepare: [IMPORT, CREATE, ['rm', 'm']],
    args: ['system', 'prune', '--all', '--force'],
    between: /^nothing of its own/,
    doneAlready: /./,
    tidy: TIDY,
  },
];
