import { type Operation, type Words } from './operation.ts';

const MICRO: Words = ['--memory', '128M', '--net', 'none'];
const CREATE_MICRO: Words = [
  'create',
  'm',
  '--image',
  'micro',
  '--disk',
  '16M',
  ...MICRO,
  '--display',
  'none',
];
/** A boot takes seconds under emulation, and there are hundreds of cases. */
const FEW = 0.03;

/** Machines that end with their command, and machines with a running system. */
export const GUEST_OPERATIONS: readonly Operation[] = [
  // Nothing of it remains, so the states before and after are equal. The guest has no agent, and powers off.
  {
    name: 'run',
    prepare: [],
    args: ['run', '--memory', '32M', '--net', 'none', '@/off.img,format=raw'],
    ends: 125,
    doneAlready: /./,
  },
  // It hangs, and reaches its time limit.
  {
    name: 'run-network',
    prepare: [],
    args: [
      'run',
      '--memory',
      '32M',
      '-p',
      ':22',
      '--net',
      'passt',
      '--timeout',
      '1s',
      '@/guest.img,format=raw',
    ],
    ends: 124,
    doneAlready: /./,
  },
  {
    name: 'run-micro',
    prepare: [],
    args: ['run', ...MICRO, 'micro', '--', 'true'],
    doneAlready: /./,
    usesMicro: true,
    part: FEW,
  },
  {
    name: 'template-create',
    prepare: [],
    args: ['template', 'create', 't', ...MICRO],
    doneAlready: /^vmlet: template "t" already exists$/m,
    usesMicro: true,
    part: FEW,
  },
  {
    name: 'template-rm',
    prepare: [['template', 'create', 't', ...MICRO]],
    args: ['template', 'rm', 't'],
    doneAlready: /^vmlet: no such template: t$/m,
    usesMicro: true,
  },
  {
    name: 'fork',
    prepare: [['template', 'create', 't', ...MICRO]],
    args: ['run', '--template', 't', '--', 'true'],
    doneAlready: /./,
    usesMicro: true,
    part: FEW,
  },
  {
    name: 'exec',
    prepare: [CREATE_MICRO],
    begin: [['start', 'm']],
    args: ['exec', 'm', '--', 'true'],
    doneAlready: /./,
    usesMicro: true,
    part: FEW,
  },
  {
    name: 'cp',
    prepare: [CREATE_MICRO],
    begin: [['start', 'm']],
    args: ['cp', '@/guest.img', 'm:/tmp/'],
    doneAlready: /./,
    usesMicro: true,
    part: FEW,
  },
  {
    name: 'live-disk-rm',
    prepare: [CREATE_MICRO],
    begin: [['start', 'm']],
    args: ['disk', 'rm', 'm', 'disk0', '--storage'],
    doneAlready: /^vmlet: .*disk0/m,
    usesMicro: true,
    part: FEW,
  },
];
