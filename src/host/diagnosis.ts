import { layersOf } from '../process/layers.ts';
import { LONGEST_SOCKET_PATH } from '../util/socket-limit.ts';
import { DELEGATE, controllersLacking } from './cgroup-manager.ts';
import type { KvmVerdict, QemuFeatures, Survey } from './host.ts';
import { lowLimitsOf } from './process-limits.ts';
import type { PackageManager, Surroundings } from './surroundings.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly item: FindingItem;
  /** `degraded`: guests run, with less than there could be. `broken`: no guest can run. */
  readonly state: 'works' | 'degraded' | 'broken';
  /** What was found, on one line. */
  readonly summary: string;
  /** What to do about it, where there is something to do. */
  readonly remedy?: string | undefined;
}

export type FindingItem =
  | 'qemu'
  | 'accelerator'
  | 'qemu-img'
  | 'network'
  | 'namespaces'
  | 'landlock'
  | 'seccomp'
  | 'limits'
  | 'process-limits'
  | 'runtime-directory'
  | 'disk-space'
  | 'micro-image';

const PACKAGES: Readonly<Record<string, Readonly<Record<PackageManager, string>>>> = {
  qemu: { apt: 'qemu-system-x86', dnf: 'qemu-system-x86-core' },
  'qemu-img': { apt: 'qemu-utils', dnf: 'qemu-img' },
  passt: { apt: 'passt', dnf: 'passt' },
};

/** The kernel and its modules, unpacked, and the image made of them. */
const MICRO_IMAGE_BYTES = 512 * 1024 * 1024;
/** The socket's file name, and the directory's before it, come to about this many bytes. */
const LONGEST_SOCKET_NAME = 45;

/** What works on a host, what does not, and what to do about it, in the order in which it matters. */
export function diagnose(survey: Survey, surroundings: Surroundings): Finding[] {
  const install = (name: string): string => remedyFor(name, surroundings.packageManager);
  return [
    qemuFinding(survey, install),
    ...(survey.qemu ? [acceleratorFinding(survey.qemu, survey.accelerator.kvm)] : []),
    qemuImgFinding(survey, install),
    networkFinding(survey, install),
    namespacesFinding(survey),
    landlockFinding(survey),
    ...(survey.qemu ? [seccompFinding(survey.qemu.sandbox, survey.confinement)] : []),
    limitsFinding(surroundings),
    processLimitsFinding(surroundings),
    runtimeDirectoryFinding(surroundings),
    diskSpaceFinding(surroundings),
    microImageFinding(surroundings),
  ];
}

/** Whether a guest can run on the host that these findings are about. */
export function canRunGuests(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'broken');
}

type Install = (name: string) => string;

function remedyFor(name: string, manager: PackageManager | undefined): string {
  const packages = PACKAGES[name];
  if (!packages) return `install ${name}`;
  if (manager === 'apt') return `sudo apt-get install ${packages.apt}`;
  if (manager === 'dnf') return `sudo dnf install ${packages.dnf}`;
  return `install ${name} (Debian calls the package ${packages.apt}, Fedora ${packages.dnf})`;
}

function qemuFinding({ qemu, qemuProblem }: Survey, install: Install): Finding {
  const item = 'qemu';
  if (qemuProblem !== undefined) {
    const summary = `QEMU does not start: ${qemuProblem === '' ? 'it says nothing' : qemuProblem}`;
    return { item, state: 'broken', summary, remedy: install('qemu') };
  }
  if (!qemu) return { item, state: 'broken', summary: 'QEMU is not installed', remedy: install('qemu') };
  return { item, state: 'works', summary: `QEMU ${qemu.version} (${qemu.path})` };
}

function acceleratorFinding(qemu: QemuFeatures, kvm: KvmVerdict): Finding {
  const item = 'accelerator';
  if (kvm.usable) return { item, state: 'works', summary: `KVM runs guests, with -cpu ${kvm.cpu}` };
  const remedy = kvm.hint;
  if (!qemu.accelerators.includes('tcg')) {
    return { item, state: 'broken', summary: `no KVM (${kvm.reason}), and this QEMU has no TCG`, remedy };
  }
  return { item, state: 'degraded', summary: `TCG, several times slower than KVM: ${kvm.reason}`, remedy };
}

function qemuImgFinding({ qemuImg }: Survey, install: Install): Finding {
  const item = 'qemu-img';
  if (qemuImg) return { item, state: 'works', summary: `qemu-img ${qemuImg.version}` };
  const summary = 'qemu-img is not installed: no --disk';
  return { item, state: 'degraded', summary, remedy: install('qemu-img') };
}

function networkFinding({ qemu, passt }: Survey, install: Install): Finding {
  const item = 'network';
  const hasSlirp = qemu?.netdevs.includes('user') ?? false;
  if (passt?.problem !== undefined) {
    return {
      item,
      state: 'degraded',
      summary: `${hasSlirp ? 'slirp' : 'none'}: passt is installed and does not run here (${passt.problem})`,
      remedy: 'passt needs unprivileged user namespaces, which this host or container forbids',
    };
  }
  if (passt && !passt.hasFd) {
    return {
      item,
      state: 'degraded',
      summary: 'slirp: this passt is too old (it has no --fd)',
      remedy: install('passt'),
    };
  }
  if (passt) {
    const way = passt.hasVhostUser ? 'vhost-user' : 'a connected socket';
    return { item, state: 'works', summary: `passt, over ${way}${hasSlirp ? '; slirp too' : ''}` };
  }
  const summary = hasSlirp
    ? 'slirp: passt is not installed, and is faster'
    : 'neither passt nor slirp: --net none only';
  return { item, state: 'degraded', summary, remedy: install('passt') };
}

/** What is behind the other layers where they are missing is said once: here. */
function namespacesFinding({ confinement }: Survey): Finding {
  const item = 'namespaces';
  const { namespaces } = confinement;
  const missing = Object.entries(namespaces).flatMap(([name, ability]) =>
    ability.usable ? [] : [{ name, reason: ability.reason }],
  );
  if (missing.length === 0) {
    return {
      item,
      state: 'works',
      summary: 'QEMU sees its own files and sockets alone, and no network of the host',
    };
  }
  const names = missing.map(({ name }) => name).join(', ');
  const { gaps } = layersOf({ connects: 'by-path', longestFile: undefined }, confinement);
  const gap = gaps.length === 0 ? '' : `; with passt to a machine with a name ${gaps.join(', ')}`;
  return {
    item,
    state: 'degraded',
    summary: `QEMU gets no namespaces of its own (${names}: ${missing[0]?.reason ?? ''})${gap}`,
    remedy:
      'let ordinary users make namespaces: user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 on older ' +
      'Debian, kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu',
  };
}

function landlockFinding({ confinement: { landlock, namespaces } }: Survey): Finding {
  const item = 'landlock';
  if (landlock.usable) {
    return { item, state: 'works', summary: `Landlock keeps QEMU to its own files (ABI ${landlock.abi})` };
  }
  const gap = namespaces.mount.usable
    ? 'namespaces alone keep QEMU to its files'
    : 'QEMU may open all that you may';
  return {
    item,
    state: 'degraded',
    summary: `no Landlock, ${gap}: ${landlock.reason}`,
    remedy: 'it takes Linux 5.13 with landlock among its LSMs (kernel parameter lsm=)',
  };
}

function seccompFinding(sandbox: boolean, { seccomp }: Survey['confinement']): Finding {
  const item = 'seccomp';
  if (!seccomp.usable) {
    const summary = `no filter of system calls: ${seccomp.reason}`;
    return { item, state: 'degraded', summary, remedy: 'use a kernel that was built with seccomp' };
  }
  if (sandbox) return { item, state: 'works', summary: 'QEMU is refused system calls that it does not need' };
  const summary = 'vmlet’s seccomp filter alone: this QEMU does not start with -sandbox';
  return { item, state: 'degraded', summary, remedy: 'use a QEMU that was built with seccomp' };
}

function limitsFinding({ limits }: Surroundings): Finding {
  const item = 'limits';
  if (!limits.usable) return { item, state: 'degraded', summary: `no --limit: ${limits.reason}` };
  const lack = controllersLacking(limits.controllers);
  if (lack === undefined) {
    return { item, state: 'works', summary: 'systemd limits memory and processors where --limit is given' };
  }
  return { item, state: 'degraded', summary: `${lack}, which --limit needs`, remedy: DELEGATE };
}

function processLimitsFinding({ processLimits }: Surroundings): Finding {
  const item = 'process-limits';
  const low = lowLimitsOf(processLimits);
  if (low.length === 0) {
    return { item, state: 'works', summary: 'open files, processes and the length of files are enough' };
  }
  return {
    item,
    state: low.some(({ isFatal }) => isFatal) ? 'broken' : 'degraded',
    summary: low.map(({ summary }) => summary).join('; '),
    remedy: low.map(({ remedy }) => remedy).join('; '),
  };
}

function runtimeDirectoryFinding({ runtimeDirectory }: Surroundings): Finding {
  const { path, fromEnvironment, taken } = runtimeDirectory;
  const item = 'runtime-directory';
  if (taken === path) {
    return {
      item,
      state: 'broken',
      summary: `${path} belongs to another user`,
      remedy: 'set XDG_RUNTIME_DIR to a directory of yours, such as /run/user/UID',
    };
  }
  const length = Buffer.byteLength(path) + LONGEST_SOCKET_NAME;
  if (length > LONGEST_SOCKET_PATH) {
    return {
      item,
      state: 'broken',
      summary: `${path} is too long: sockets in it would have paths of more than ${LONGEST_SOCKET_PATH} bytes`,
      remedy: 'set XDG_RUNTIME_DIR to a shorter path, such as /run/user/UID',
    };
  }
  if (fromEnvironment) return { item, state: 'works', summary: `sockets go to ${path}` };
  const reason = taken === undefined ? '' : `, and ${taken} is another user’s`;
  return {
    item,
    state: 'works',
    summary: `sockets go to ${path}, since XDG_RUNTIME_DIR is not set${reason}`,
  };
}

function diskSpaceFinding({ dataDirectory: { path, freeBytes } }: Surroundings): Finding {
  const item = 'disk-space';
  const summary = `${formatSize(freeBytes)} free for images in ${path}`;
  if (freeBytes >= MICRO_IMAGE_BYTES) return { item, state: 'works', summary };
  const remedy = `building an image may take ${formatSize(MICRO_IMAGE_BYTES)}; XDG_DATA_HOME can name another place`;
  return { item, state: 'degraded', summary, remedy };
}

function microImageFinding({ packageManager, canDownloadPackages }: Surroundings): Finding {
  const item = 'micro-image';
  if (packageManager && canDownloadPackages) {
    const summary = `the micro image is built from this distribution's packages (${packageManager})`;
    return { item, state: 'works', summary };
  }
  return {
    item,
    state: 'degraded',
    summary: 'no apt-get or dnf to get a kernel from',
    remedy: 'give your own: vmlet image build micro --kernel FILE --modules DIR --busybox FILE',
  };
}

function formatSize(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3;
  return gibibytes >= 1 ? `${gibibytes.toFixed(1)} GiB` : `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}
