import { CREATE, CREATE_WITH_NETWORK, type Operation, RUNS_ALREADY } from './operation.ts';

/** Programs, ours and others’, that an operation starts, each killed or refused at each of its own steps. */
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
    name: 'flock',
    prepare: [CREATE],
    args: ['set', 'm', '--memory', '48M'],
    doneAlready: /./,
    follow: 'flock --exclusive',
  },
  {
    name: 'qemu-img',
    prepare: [],
    args: CREATE,
    doneAlready: /^vmlet: machine "m" already exists$/m,
    follow: 'qemu-img create',
  },
  {
    name: 'qemu-img-snapshot',
    prepare: [CREATE],
    args: ['snapshot', 'create', 'm', 's'],
    doneAlready: /^vmlet: .*snapshot "s" already exists$/m,
    between: /^ "missingOn": \[ "disk[01]" \]$/,
    follow: 'qemu-img snapshot',
  },
];
