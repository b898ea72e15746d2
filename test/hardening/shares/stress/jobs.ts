/** A job of fio: it writes, reads and verifies what it has written. */
export interface FioJob {
  readonly name: string;
  readonly options: readonly string[];
  /** The other side can verify its files, too. */
  readonly isRepeatable: boolean;
}

export const FIO_JOBS: readonly FioJob[] = [
  { name: 'random', options: ['--rw=randwrite', '--bsrange=512-65536'], isRepeatable: true },
  { name: 'sequential', options: ['--rw=write', '--bs=128k', '--numjobs=3'], isRepeatable: true },
  { name: 'synced', options: ['--rw=randwrite', '--bs=4k', '--fsync=16'], isRepeatable: true },
  { name: 'mapped', options: ['--ioengine=mmap', '--rw=randwrite', '--bs=4k'], isRepeatable: true },
  {
    name: 'direct',
    options: ['--ioengine=libaio', '--direct=1', '--iodepth=8', '--rw=randwrite', '--bs=4k'],
    isRepeatable: true,
  },
  { name: 'mixed', options: ['--rw=randrw', '--bs=8k', '--verify_backlog=64'], isRepeatable: false },
];

/** Stressors of stress-ng's class filesystem that are left out, with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'bind-mount': 'works on mounts, not on the share',
  binderfs: 'mounts a file system of its own',
  'fd-fork': 'works on descriptors',
  dup: 'works on descriptors',
  eventfd: 'works on descriptors',
  fanotify: 'watches whole mounts',
  'file-ioctl': 'tries ioctls of other file systems',
  procfs: 'works on /proc',
  statmount: 'works on mounts',
};

/** Stressors that fail on a share, with the reason. */
export const EXPECTED_FAILURES: Readonly<Record<string, string>> = {};
