import { CREATE, type Operation, RUNS_ALREADY } from './operation.ts';

export const SNAPSHOT_OPERATIONS: readonly Operation[] = [
  {
    name: 'snapshot-create',
    prepare: [CREATE],
    args: ['snapshot', 'create', 'm', 's'],
    between: /^ "missingOn": \[ "disk1" \]$/,
    doneAlready: /^vmlet: .*snapshot "s" already exists$/m,
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
    doneAlready: /^vmlet: .*no such snapshot: "s"/m,
  },
  {
    name: 'live-snapshot-create',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['snapshot', 'create', 'm', 's'],
    doneAlready: /^vmlet: .*snapshot "s" already exists$/m,
  },
  {
    name: 'live-snapshot-restore',
    prepare: [CREATE],
    begin: [
      ['start', 'm'],
      ['snapshot', 'create', 'm', 's'],
    ],
    args: ['snapshot', 'restore', 'm', 's'],
    // A command killed while the guest is paused leaves it paused, and says so; repeating the command resumes it.
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
    doneAlready: /^vmlet: .*no such snapshot: "s"/m,
  },
  {
    name: 'save',
    prepare: [CREATE],
    begin: [['start', 'm']],
    args: ['save', 'm'],
    between: /^ "status": "(paused|finish-migrate|postmigrate)",$/,
    doneAlready: /^vmlet: machine "m" is (not running|saved)/m,
  },
  {
    name: 'start-saved',
    prepare: [CREATE, ['start', 'm'], ['save', 'm']],
    args: ['start', 'm'],
    between: /^ "status": "(paused|inmigrate)",$/,
    doneAlready: RUNS_ALREADY,
  },
  // The same with another verb.
  {
    name: 'restore',
    prepare: [CREATE, ['start', 'm'], ['save', 'm']],
    args: ['restore', 'm'],
    between: /^ "status": "(paused|inmigrate)",$/,
    doneAlready: /^vmlet: machine "m" is running, and has no saved memory/m,
  },
];
