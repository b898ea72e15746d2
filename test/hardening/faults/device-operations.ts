import { CREATE, CREATE_WITH_NETWORK, type Operation } from './operation.ts';

export const DEVICE_OPERATIONS: readonly Operation[] = [
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
  {
    name: 'port-rm',
    prepare: [CREATE_WITH_NETWORK],
    args: ['port', 'rm', 'm', ':22'],
    doneAlready: /^vmlet: .*22/m,
  },
  {
    name: 'live-port-rm',
    prepare: [CREATE_WITH_NETWORK],
    begin: [['start', 'm']],
    args: ['port', 'rm', 'm', ':22'],
    doneAlready: /^vmlet: .*22/m,
  },
];
