type Words = readonly string[];

/** An operation on a running machine, over its monitor. */
export interface LiveOperation {
  readonly name: string;
  readonly args: Words;
  /** Options of `vmlet create` for it. */
  readonly create?: Words;
  /** Run after the start; `@` stands for the home’s directory. */
  readonly begin?: readonly Words[];
  /** The machine is not started for it. */
  readonly isStart?: boolean;
  /** True if it has no time limit but Ctrl-C: QEMU answers nothing while it works on it. */
  readonly isLong?: boolean;
  /** The permitted states of the machine after a failure; running by default. */
  readonly mayBe?: readonly string[];
  /** The exit status if QEMU refuses and that is not a failure. */
  readonly refusedStatus?: number;
  /** The permitted message of a repetition, if the operation did succeed. */
  readonly doneAlready?: RegExp;
}

export const NAME = 'm';
const ENDED = ['stopped'];
const PAUSED = ['paused', 'running'];

/** Without operations that need a cooperating guest: one of 512 bytes releases no disk, and reads no keyboard. */
export const LIVE_OPERATIONS: readonly LiveOperation[] = [
  { name: 'pause', args: ['pause', NAME], mayBe: PAUSED },
  { name: 'resume', args: ['resume', NAME], begin: [['pause', NAME]], mayBe: PAUSED },
  { name: 'reset', args: ['reset', NAME] },
  {
    name: 'stop',
    args: ['stop', NAME, '--timeout', '2s'],
    mayBe: ['running', ...ENDED],
    doneAlready: /is not running/,
  },
  { name: 'kill', args: ['kill', NAME], mayBe: ENDED, doneAlready: /is not running/ },
  {
    name: 'snapshot create',
    args: ['snapshot', 'create', NAME, 's'],
    isLong: true,
    mayBe: PAUSED,
    doneAlready: /snapshot "s" already exists/,
  },
  {
    name: 'snapshot create --disks-only',
    args: ['snapshot', 'create', NAME, 's', '--disks-only'],
    isLong: true,
    doneAlready: /snapshot "s" already exists/,
  },
  {
    name: 'snapshot restore',
    args: ['snapshot', 'restore', NAME, 's'],
    begin: [['snapshot', 'create', NAME, 's']],
    isLong: true,
    mayBe: [...PAUSED, 'restore-vm', ...ENDED],
  },
  {
    name: 'snapshot rm',
    args: ['snapshot', 'rm', NAME, 's'],
    begin: [['snapshot', 'create', NAME, 's']],
    isLong: true,
    mayBe: PAUSED,
    doneAlready: /no such snapshot: "s"/,
  },
  {
    name: 'save',
    args: ['save', NAME],
    isLong: true,
    mayBe: [...PAUSED, 'finish-migrate', 'postmigrate', 'saved', ...ENDED],
    doneAlready: /is not running|is saved/,
  },
  {
    name: 'start',
    args: ['start', NAME],
    isStart: true,
    mayBe: ['running', 'created', ...ENDED],
    doneAlready: /is already running/,
  },
  {
    name: 'start of a saved one',
    args: ['start', NAME],
    begin: [['save', NAME]],
    isLong: true,
    mayBe: ['running', 'paused', 'inmigrate', 'saved', ...ENDED],
    doneAlready: /is already running/,
  },
  { name: 'disk add', args: ['disk', 'add', NAME, '8M'] },
  { name: 'disk resize', args: ['disk', 'resize', NAME, 'disk1', '32M'] },
  { name: 'cd insert', args: ['cd', 'insert', NAME, '@/guest.img'] },
  { name: 'cd eject', args: ['cd', 'eject', NAME], begin: [['cd', 'insert', NAME, '@/guest.img']] },
  { name: 'port add', args: ['port', 'add', NAME, ':80'], create: ['--net', 'passt', '-p', ':22'] },
  {
    name: 'port rm',
    args: ['port', 'rm', NAME, ':22'],
    create: ['--net', 'passt', '-p', ':22'],
    doneAlready: /./,
  },
  { name: 'screenshot', args: ['screenshot', NAME, '@/screen.png', '--force'], create: ['--display', 'vnc'] },
  { name: 'stats', args: ['stats', '--no-stream', NAME] },
  { name: 'ls', args: ['ls'] },
  { name: 'inspect', args: ['inspect', NAME] },
  // With raw QMP, the user sets the limit.
  { name: 'qmp', args: ['qmp', '--timeout', '10', NAME, 'query-status'], refusedStatus: 1 },
];
