import { CREATE, CREATE_WITH_NETWORK, type Operation, RUNS_ALREADY } from './operation.ts';

export const MACHINE_OPERATIONS: readonly Operation[] = [
  {
    name: 'create',
    prepare: [],
    args: [...CREATE, '--cloud-init', '--username', 'me', '--hostname', 'guest'],
    doneAlready: /^vmlet: machine "m" already exists$/m,
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
    doneAlready: /^vmlet: machine "m" is not running$/m,
  },
  {
    name: 'kill',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['kill', 'm'],
    doneAlready: /^vmlet: machine "m" is not running$/m,
  },
  { name: 'pause', prepare: [CREATE], begin: [['start', 'm']], args: ['pause', 'm'], doneAlready: /./ },
  {
    name: 'resume',
    prepare: [CREATE],
    begin: [
      ['start', 'm'],
      ['pause', 'm'],
    ],
    args: ['resume', 'm'],
    doneAlready: /./,
  },
  // Each disk has a second name before the machine is removed.
  {
    name: 'rm',
    prepare: [CREATE],
    args: ['rm', 'm'],
    between: /^nothing of its own/,
    doneAlready: /^vmlet: no such machine: m$/m,
  },
  {
    name: 'rm-storage',
    prepare: [CREATE],
    args: ['rm', '--storage', 'm'],
    doneAlready: /^vmlet: no such machine: m$/m,
  },
  {
    name: 'rm-saved',
    prepare: [CREATE, ['start', 'm'], ['save', 'm']],
    args: ['rm', 'm'],
    // As with rm.
    between: /^nothing of its own/,
    doneAlready: /^vmlet: no such machine: m$/m,
  },
  {
    name: 'rename',
    prepare: [CREATE],
    args: ['rename', 'm', 'n'],
    doneAlready: /^vmlet: no such machine: m$/m,
  },
  {
    name: 'clone',
    prepare: [CREATE],
    args: ['clone', 'm', 'n'],
    doneAlready: /^vmlet: machine "n" already exists$/m,
  },
  {
    name: 'clone-linked',
    prepare: [CREATE],
    args: ['clone', '--linked', 'm', 'n'],
    // The common base has its name first; bases of dead processes are removed with the next removal.
    between: /^nothing of its own|^( *"(path|file)": .*| *"base-.*)+$/,
    // The original disk gets one more layer.
    again: /^ *"path": "[^"]*\/disks\/base-/,
    doneAlready: /^vmlet: machine "n" already exists$/m,
  },
  {
    name: 'set',
    prepare: [CREATE],
    args: ['set', 'm', '--memory', '48M', '--label', 'a=b'],
    doneAlready: /./,
  },
  {
    name: 'live-set',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['set', 'm', '--memory', '48M', '--label', 'a=b'],
    doneAlready: /./,
  },
  { name: 'protect', prepare: [CREATE], args: ['protect', 'm'], doneAlready: /./ },
  { name: 'ssh-config', prepare: [CREATE], args: ['ssh-config'], doneAlready: /./ },
];
