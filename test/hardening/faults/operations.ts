type Words = readonly string[];

/** Something that vmlet does, at each of whose steps it is killed, interrupted or refused. */
export interface Operation {
  readonly name: string;
  /** What there is before; run once, and copied for each case. `@` stands for the home's directory. */
  readonly prepare: readonly Words[];
  /** What is done before each case, since a machine that runs cannot be copied. */
  readonly begin?: readonly Words[];
  readonly args: Words;
  /** What it says when there is nothing left to do; without it, it is not done again when it is done. */
  readonly doneAlready?: RegExp;
  /** What may be seen between its beginning and its end, when it says that it failed or was killed; doing it again comes through all the same. */
  readonly between?: RegExp;
  /** What doing it again may show beside what doing it once does. */
  readonly again?: RegExp;
  /** Whose steps are counted, by a part of its command line; the command's own by default. */
  readonly follow?: string;
  /** Done after it while its steps are counted, for whoever is followed and goes on. */
  readonly afterwards?: readonly Words[];
  /** The host's images are there, so that micro is. */
  readonly usesMicro?: boolean;
  /** What takes away whatever is left of images. */
  readonly tidy?: readonly Words[];
}

const DISKS: Words = ['--image', '@/guest.img,format=raw', '--disk', '16M'];
const SMALL: Words = ['--memory', '32M', '--cpus', '1', '--display', 'none'];
const CREATE: Words = ['create', 'm', ...DISKS, ...SMALL, '--net', 'none'];
const CREATE_WITH_NETWORK: Words = ['create', 'm', ...DISKS, ...SMALL, '--net', 'passt', '-p', ':22'];
const RUNS_ALREADY = /^vmlet: m runs already/m;

export const NAMED_OPERATIONS: readonly Operation[] = [
  {
    name: 'create',
    prepare: [],
    args: [...CREATE, '--cloud-init', '--username', 'me', '--hostname', 'guest'],
    doneAlready: /^vmlet: there is a machine m already$/m,
  },
  { name: 'start', prepare: [CREATE], args: ['start', 'm'], doneAlready: RUNS_ALREADY },
  {
    name: 'start-network',
    prepare: [CREATE_WITH_NETWORK],
    args: ['start', 'm'],
    doneAlready: RUNS_ALREADY,
  },
  {
    name: 'stop',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['stop', 'm', '--timeout', '200ms'],
    doneAlready: /^vmlet: m does not run$/m,
  },
  {
    name: 'kill',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['kill', 'm'],
    doneAlready: /^vmlet: m does not run$/m,
  },
  // Each disk has a second name before the machine goes.
  {
    name: 'rm',
    prepare: [CREATE],
    args: ['rm', 'm'],
    between: /^nothing of its own/,
    doneAlready: /^vmlet: there is no machine m$/m,
  },
  {
    name: 'rm-storage',
    prepare: [CREATE],
    args: ['rm', '--storage', 'm'],
    doneAlready: /^vmlet: there is no machine m$/m,
  },
  {
    name: 'rename',
    prepare: [CREATE],
    args: ['rename', 'm', 'n'],
    doneAlready: /^vmlet: there is no machine m$/m,
  },
  {
    name: 'clone',
    prepare: [CREATE],
    args: ['clone', 'm', 'n'],
    doneAlready: /^vmlet: there is a machine n already$/m,
  },
  {
    name: 'clone-linked',
    prepare: [CREATE],
    args: ['clone', '--linked', 'm', 'n'],
    // What both are to stand on has its name first; those of the dead go with the next removal.
    between: /^nothing of its own|^( *"(path|file)": .*| *"base-.*)+$/,
    // What it began with is one more layer.
    again: /^ *"path": "[^"]*\/disks\/base-/,
    doneAlready: /^vmlet: there is a machine n already$/m,
  },
  {
    name: 'set',
    prepare: [CREATE],
    args: ['set', 'm', '--memory', '48M', '--label', 'a=b'],
    doneAlready: /./,
  },
  { name: 'protect', prepare: [CREATE], args: ['protect', 'm'], doneAlready: /./ },
  {
    name: 'snapshot-create',
    prepare: [CREATE],
    args: ['snapshot', 'create', 'm', 's'],
    between: /^ "missingOn": \[ "disk1" \]$/,
    doneAlready: /^vmlet: .*there is a snapshot "s" already$/m,
  },
  {
    name: 'snapshot-restore',
    prepare: [CREATE, ['snapshot', 'create', 'm', 's']],
    args: ['snapshot', 'restore', 'm', 's'],
    doneAlready: /./,
  },
  {
    name: 'snapshot-rm',
    prepare: [CREATE, ['snapshot', 'create', 'm', 's']],
    args: ['snapshot', 'rm', 'm', 's'],
    between: /^ "missingOn": \[ "disk[01]" \]$/,
    doneAlready: /^vmlet: .*no snapshot "s"/m,
  },
  {
    name: 'live-snapshot-create',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['snapshot', 'create', 'm', 's'],
    doneAlready: /^vmlet: .*there is a snapshot "s" already$/m,
  },
  {
    name: 'live-snapshot-restore',
    prepare: [CREATE],
    begin: [
      ['start', 'm'],
      ['snapshot', 'create', 'm', 's'],
    ],
    args: ['snapshot', 'restore', 'm', 's'],
    // Who is killed while the guest stands still cannot let it go on; it says so, and the same again does.
    between: /^ "status": "paused",$/,
    doneAlready: /./,
  },
  {
    name: 'live-snapshot-rm',
    prepare: [CREATE],
    begin: [
      ['start', 'm'],
      ['snapshot', 'create', 'm', 's'],
    ],
    args: ['snapshot', 'rm', 'm', 's'],
    doneAlready: /^vmlet: .*no snapshot "s"/m,
  },
  {
    name: 'save',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['save', 'm'],
    between: /^ "status": "(paused|finish-migrate|postmigrate)",$/,
    doneAlready: /^vmlet: m (does not run|is saved)/m,
  },
  {
    name: 'start-saved',
    prepare: [CREATE, ['start', 'm'], ['save', 'm']],
    args: ['start', 'm'],
    between: /^ "status": "(paused|inmigrate)",$/,
    doneAlready: RUNS_ALREADY,
  },
  { name: 'disk-add', prepare: [CREATE], args: ['disk', 'add', 'm', '8M'] },
  {
    name: 'disk-rm',
    prepare: [CREATE],
    args: ['disk', 'rm', 'm', 'disk1', '--storage'],
    doneAlready: /^vmlet: .*disk1/m,
  },
  { name: 'live-disk-add', prepare: [CREATE], begin: [['start', 'm']], args: ['disk', 'add', 'm', '8M'] },
  { name: 'cd-insert', prepare: [CREATE], args: ['cd', 'insert', 'm', '@/guest.img'], doneAlready: /./ },
  {
    name: 'live-cd-insert',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['cd', 'insert', 'm', '@/guest.img'],
    doneAlready: /./,
  },
  { name: 'port-add', prepare: [CREATE_WITH_NETWORK], args: ['port', 'add', 'm', ':80'] },
  {
    name: 'live-port-add',
    prepare: [CREATE_WITH_NETWORK],
    begin: [['start', 'm']],
    args: ['port', 'add', 'm', ':80'],
  },
  { name: 'ssh-config', prepare: [CREATE], args: ['ssh-config'], doneAlready: /./ },
];

const IMPORT: Words = ['image', 'import', '@/guest.img', 'one:1'];
const TIDY: readonly Words[] = [['image', 'prune', '--all', '--force']];

export const IMAGE_OPERATIONS: readonly Operation[] = [
  // An image without a name is one that prune takes.
  {
    name: 'image-import',
    prepare: [],
    args: IMPORT,
    between: /^nothing of its own/,
    doneAlready: /./,
    tidy: TIDY,
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

/** Programs of ours and others' that an operation starts, at each of whose own steps they are killed or refused. */
export const HELPER_OPERATIONS: readonly Operation[] = [
  {
    name: 'keeper',
    prepare: [CREATE_WITH_NETWORK],
    args: ['start', 'm'],
    doneAlready: RUNS_ALREADY,
    follow: 'vmlet-keeper keep',
    afterwards: [['kill', 'm']],
  },
  {
    name: 'lock-holder',
    prepare: [CREATE],
    args: ['set', 'm', '--memory', '48M'],
    doneAlready: /./,
    follow: 'vmlet-keeper lock',
  },
  {
    name: 'qemu-img',
    prepare: [],
    args: CREATE,
    doneAlready: /^vmlet: there is a machine m already$/m,
    follow: 'qemu-img create',
  },
  {
    name: 'qemu-img-snapshot',
    prepare: [CREATE],
    args: ['snapshot', 'create', 'm', 's'],
    doneAlready: /^vmlet: .*there is a snapshot "s" already$/m,
    between: /^ "missingOn": \[ "disk[01]" \]$/,
    follow: 'qemu-img snapshot',
  },
];
