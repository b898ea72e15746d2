import { describe, expect, it } from 'vitest';
import {
  callerSchema,
  launchFlags,
  launchSchema,
  templateFlags,
} from '../../../../src/machine/spec/launch-options.ts';

/** Each option that has a flag: the flag, the kind of its value, its group and its help. */
const FLAGS = [
  [
    'name',
    '--name <name>',
    'text',
    undefined,
    'name of the machine and host name of the guest (default: vmlet)',
  ],
  [
    'memory',
    '-m, --memory <size>',
    'text',
    'Hardware',
    'memory of the guest, such as 512M or 4G (default: 256M; 1G for image "host"; 2G for an image with a disk, or a disk file)',
  ],
  ['cpus', '--cpus <n>', 'number', 'Hardware', 'virtual processors (default: 1)'],
  [
    'accel',
    '--accel <kind>',
    'text',
    'Hardware',
    'accelerator: auto is KVM if it works, else TCG (slow) (default: auto)',
  ],
  ['cpu', '--cpu <model>', 'text', 'Hardware', 'QEMU processor model, such as Nehalem (default: auto)'],
  [
    'limits',
    '--limit <limits>',
    'text',
    'Hardware',
    'limit how much of the host QEMU can use, such as cpus=1.5,memory=3G (requires systemd) (default: none)',
  ],
  [
    'append',
    '--append <words>',
    'text',
    'Boot',
    'words to append to the kernel command line, such as loglevel=7; not for disks, whose boot loader sets it',
  ],
  [
    'mac',
    '--mac <address>',
    'text',
    'Network',
    'MAC address of the first network card, such as 52:54:00:12:34:56',
  ],
  [
    'ports',
    '-p, --publish <port>',
    'texts',
    'Network',
    'forward a port: [[ip:][host]:]guest[/tcp|udp]; or a unix socket: /path/to.sock:guest',
  ],
  ['kernel', '--kernel <file>', 'text', 'Boot', 'boot this Linux kernel'],
  ['initrd', '--initrd <file>', 'text', 'Boot', 'initramfs for --kernel; vmlet adds its agent'],
  ['pull', '--pull <when>', 'text', 'Boot', 'when to download the image (default: missing)'],
  [
    'diskSize',
    '--disk-size <size>',
    'text',
    'Disks',
    "size of the guest's disk (default: the image's own size)",
  ],
  [
    'firmware',
    '--firmware <kind>',
    'text',
    'Boot',
    'firmware for booting from a disk (default: the firmware that the image requires, or bios)',
  ],
  [
    'disks',
    '--disk <disk>',
    'texts',
    'Disks',
    'add a disk: SIZE of an empty disk, such as 2G, or FILE[,format=qcow2|raw][,readonly][,trusted] (vmlet does not write to FILE; do not change it meanwhile)',
  ],
  [
    'volumes',
    '-v, --volume <volume>',
    'texts',
    'Disks',
    'share a directory: SRC:DST[:OPTION,…], where SRC begins with / or . (options: ro, cache=auto|always|never, uid=N, gid=N, ids=host); mount a volume: NAME:DST[:OPTION,…] (options: ro, size=10G); or copy a directory to the guest at the start: SRC:DST:ro,copy, or with vmlet run also SRC:DST:copy, which copies it back at the end',
  ],
  [
    'mounts',
    '--mount <mount>',
    'texts',
    'Disks',
    'share a directory or mount a volume, like -v: type=bind|volume,src=SRC,dst=DST[,OPTION…]; or mount a file system in memory: type=tmpfs,dst=DST[,tmpfs-size=64M][,tmpfs-mode=1777]',
  ],
  [
    'net',
    '--net, --network <net>',
    'texts',
    'Network',
    'network of the guest: auto, passt, slirp or none (auto is passt if it works for the machine, else slirp); or a private network to join: NAME[:alias=,ip=,mac=,mtu=,latency=,loss=,bandwidth=]; repeatable (default: auto)',
  ],
  [
    'modules',
    '--modules <dir>',
    'text',
    'Boot',
    'kernel modules for --kernel: a kernel build tree, or /lib/modules/RELEASE',
  ],
  [
    'timeoutMs',
    '--boot-timeout <time>',
    'time',
    'Boot',
    'time limit for booting (default: 2m; 10m for an image with a disk, or a disk file; 1m for vmlet run --template; six times as long without KVM)',
  ],
] as const;
const CHOICES = {
  accel: ['auto', 'kvm', 'tcg'],
  pull: ['missing', 'newer', 'always', 'never'],
  firmware: ['bios', 'uefi', 'uefi-secure'],
};

describe('the flags of a launch', () => {
  it('are these, with their groups and texts', () => {
    expect(launchFlags.map((it) => [it.option, it.flag, it.value, it.group, it.description])).toEqual(FLAGS);
  });

  it('have these choices', () => {
    const choices = launchFlags.flatMap(({ option, choices }) => (choices ? [[option, choices]] : []));
    expect(Object.fromEntries(choices)).toEqual(CHOICES);
  });

  it('are those of a template too, but for what its forks have of their own', () => {
    const own = ['name', 'ports', 'mac'];
    const shared = FLAGS.map(([option]) => option).filter((option) => !own.includes(option));
    expect(templateFlags.map(({ option }) => option)).toEqual(shared);
    expect(templateFlags.find(({ option }) => option === 'net')).toEqual({
      option: 'net',
      flag: '--net, --network <kind>',
      value: 'text',
      group: 'Network',
      description:
        'network of the guest; auto is passt if it works for the machine, else slirp (default: auto)',
      choices: ['auto', 'passt', 'slirp', 'none'],
    });
  });
});

describe('the options of a launch', () => {
  it('have defaults', () => {
    expect(launchSchema.parse({})).toEqual({
      name: 'vmlet',
      cpus: 1,
      accel: 'auto',
      cpu: 'auto',
      limits: 'none',
      ports: [],
      pull: 'missing',
      disks: [],
      volumes: [],
      mounts: [],
      net: 'auto',
      faults: false,
      kept: 'ignore',
      until: 'guest',
    });
  });

  it.each([
    { cpus: 1 },
    { cpus: 255 },
    { cpu: 'Nehalem' },
    { cpu: 'qemu64-v1.2_x' },
    { cpu: '486dx' },
    { limits: 'cpus=1' },
    { limits: {} },
    { memory: 5 },
    { memory: '1G' },
    { diskSize: 5 },
    { diskSize: '1G' },
    { timeoutMs: 0.5 },
    { timeoutMs: 2 ** 31 - 1 },
    { seed: {} },
    { disks: ['1G', {}] },
    { volumes: ['.:/x', {}] },
    { ports: ['80', {}] },
    { image: 'm', kernel: 'k', initrd: 'i', modules: 'm' },
  ])('can be %j', (options) => {
    expect(launchSchema.safeParse(options)).toMatchObject({ success: true, data: options });
  });

  it.each([
    [{ cpus: 0 }, '>=1'],
    [{ cpus: 256 }, '<=255'],
    [{ cpus: 1.5 }, 'expected int'],
    [{ accel: 'hvf' }, 'expected one of "auto"|"kvm"|"tcg"'],
    [{ cpu: '8' }, 'expected the name of a processor model, or auto'],
    [{ cpu: 'a,b' }, 'expected the name of a processor model, or auto'],
    [{ cpu: ',a' }, 'expected the name of a processor model, or auto'],
    [{ limits: 7 }, 'expected an object, or text such as cpus=1.5,memory=3G'],
    [{ limits: null }, 'expected an object, or text such as cpus=1.5,memory=3G'],
    [{ memory: true }, 'expected a number of bytes, or a size such as 512M'],
    [{ mac: 'x' }, 'expected a unicast MAC address, such as 52:54:00:12:34:56'],
    [{ ports: [7] }, 'expected a port such as 80 or 8080:80'],
    [{ disks: [7] }, 'expected a size, a path or an object'],
    [{ volumes: [null] }, 'expected SRC:DST[:OPTION,…], or an object'],
    [{ mounts: [{}] }, 'expected string'],
    [{ image: '' }, '>=1 characters'],
    [{ kernel: '' }, '>=1 characters'],
    [{ initrd: '' }, '>=1 characters'],
    [{ modules: '' }, '>=1 characters'],
    [{ diskSize: true }, 'Invalid input'],
    [{ firmware: 'x' }, 'expected one of "bios"|"uefi"|"uefi-secure"'],
    [{ pull: 'x' }, 'expected one of "missing"|"newer"|"always"|"never"'],
    [{ net: 'x' }, 'expected one of "auto"|"passt"|"slirp"|"none"'],
    [{ kept: 'x' }, 'expected one of "ignore"|"use"|"renew"'],
    [{ until: 'x' }, 'expected one of "guest"|"running"'],
    [{ timeoutMs: 0 }, '>0'],
    [{ timeoutMs: 2 ** 31 }, '<=2147483647'],
    [{ seed: 'x' }, 'Invalid input'],
    [{ seed: null }, 'Invalid input'],
    [{ absent: 1 }, 'Unrecognized key: "absent"'],
  ])('cannot be %j', (options, message) => {
    expect(launchSchema.safeParse(options).error?.issues[0]?.message).toContain(message);
  });
});

describe('objects of the calling program', () => {
  it.each([
    [{ log: null }, 'expected a pino logger'],
    [{ log: { debug: 1 } }, 'expected a pino logger'],
    [{ console: {} }, 'expected a writable stream'],
    [{ onProgress: 'x' }, 'expected a function'],
    [{ onBoot: {} }, 'expected a function'],
  ])('cannot be %j', (options, message) => {
    expect(callerSchema.safeParse(options).error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
