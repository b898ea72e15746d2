import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';
import { controllersLacking, controllersRemedy } from '../programs/cgroup-manager.ts';
import { confinementFindings } from './confinement-findings.ts';
import { NEEDED_DEVICES } from './features.ts';
import type { Finding, Install, Verb } from './finding.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { keptGuestsFinding } from './kept-guests-finding.ts';
import type { KvmVerdict, QemuFeatures, Survey } from '../survey/host.ts';
import { FORWARDS, networkFinding, privateNetworksFinding } from './network-finding.ts';
import { lowLimitsOf } from './process-limits.ts';
import { sharesFinding } from './shares-finding.ts';
import type { PackageManager, Surroundings } from './surroundings.ts';

const PACKAGES: Readonly<Record<string, Readonly<Record<PackageManager, string>>>> = {
  qemu: { apt: 'qemu-system-x86', dnf: 'qemu-system-x86-core' },
  'qemu-img': { apt: 'qemu-utils', dnf: 'qemu-img' },
  passt: { apt: 'passt', dnf: 'passt' },
  virtiofsd: { apt: 'virtiofsd', dnf: 'virtiofsd' },
  mke2fs: { apt: 'e2fsprogs', dnf: 'e2fsprogs' },
  'UEFI firmware': { apt: 'ovmf', dnf: 'edk2-ovmf' },
};

/** Space for the kernel and its modules, unpacked, and the image built from them. */
const MICRO_IMAGE_BYTES = 512 * 1024 * 1024;
/** Length in bytes of a socket's file name with its directory's name, approximately. */
const LONGEST_SOCKET_NAME = 45;

/** Returns what works on a host, what does not, and how to fix it, most important first. */
export function diagnose(survey: Survey, surroundings: Surroundings): Finding[] {
  const install: Install = (name, verb) => remedyFor(name, surroundings.packageManager, verb);
  return [
    qemuFinding(survey, install),
    ...(survey.qemu ? [acceleratorFinding(survey.qemu, survey.accelerator.kvm)] : []),
    qemuImgFinding(survey, install),
    networkFinding(survey, surroundings, install),
    ...(survey.qemu ? [privateNetworksFinding(survey.qemu), FORWARDS] : []),
    sharesFinding(survey, install),
    volumesFinding(surroundings, install),
    ...confinementFindings(survey, surroundings),
    ...(survey.qemu ? [forksFinding(survey.qemu)] : []),
    limitsFinding(surroundings),
    processLimitsFinding(surroundings),
    runtimeDirectoryFinding(surroundings),
    diskSpaceFinding(surroundings),
    keptGuestsFinding(surroundings),
    microImageFinding(surroundings),
    uefiFinding(surroundings, install),
  ];
}

/** True when a guest can run on the host of these findings. */
export function canRunGuests(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'broken');
}

function remedyFor(name: string, manager: PackageManager | undefined, verb: Verb = 'install'): string {
  const packages = PACKAGES[name];
  if (!packages) return `${verb} ${name}`;
  const flag = verb === 'reinstall' ? '--reinstall ' : '';
  if (manager === 'apt') return `sudo apt-get install ${flag}${packages.apt}`;
  if (manager === 'dnf') return `sudo dnf ${verb} ${packages.dnf}`;
  return `${verb} ${name} (Debian calls the package ${packages.apt}, Fedora ${packages.dnf})`;
}

function qemuFinding({ qemu, qemuProblem }: Survey, install: Install): Finding {
  const item = 'qemu';
  if (qemuProblem !== undefined) {
    const summary = `QEMU does not work: ${qemuProblem === '' ? 'it printed no error message' : qemuProblem}`;
    const remedy = `reinstall QEMU: ${install('qemu', 'reinstall')}`;
    return { item, state: 'broken', summary, remedy };
  }
  if (!qemu) return { item, state: 'broken', summary: 'QEMU is not installed', remedy: install('qemu') };
  const missing = [
    ...(qemu.machines.includes('q35') ? [] : ['-machine q35']),
    ...NEEDED_DEVICES.filter((name) => !qemu.devices.includes(name)).map((name) => `-device ${name}`),
  ];
  if (missing.length > 0) {
    const summary = `guests cannot run: ${qemu.path} does not support ${missing.join(', ')}`;
    return {
      item,
      state: 'broken',
      summary,
      remedy: `use the QEMU of your distribution: ${install('qemu')}`,
    };
  }
  return { item, state: 'works', summary: `QEMU ${qemu.version} (${qemu.path})` };
}

function acceleratorFinding(qemu: QemuFeatures, kvm: KvmVerdict): Finding {
  const item = 'accelerator';
  if (kvm.usable) return { item, state: 'works', summary: `guests run with KVM (-cpu ${kvm.cpu})` };
  const remedy = kvm.hint;
  if (!qemu.accelerators.includes('tcg')) {
    return {
      item,
      state: 'broken',
      summary: `guests cannot run: KVM is not usable (${kvm.reason}), and this QEMU does not support TCG`,
      remedy,
    };
  }
  return {
    item,
    state: 'degraded',
    summary: `KVM is not usable (${kvm.reason}); guests are emulated (TCG), which is several times slower`,
    remedy,
  };
}

function qemuImgFinding({ qemuImg }: Survey, install: Install): Finding {
  const item = 'qemu-img';
  if (qemuImg?.problem !== undefined) {
    const summary = `qemu-img does not work: ${qemuImg.problem}; vmlet cannot create disks`;
    const remedy = `reinstall qemu-img: ${install('qemu-img', 'reinstall')}`;
    return { item, state: 'degraded', summary, remedy };
  }
  if (qemuImg) return { item, state: 'works', summary: `qemu-img ${qemuImg.version}` };
  const summary = 'qemu-img is not installed; vmlet cannot create disks';
  return { item, state: 'degraded', summary, remedy: install('qemu-img') };
}

function volumesFinding({ helpers: { mke2fs } }: Surroundings, install: Install): Finding {
  const item = 'volumes';
  if (mke2fs !== undefined) {
    return { item, state: 'works', summary: `vmlet can create volumes, using ${mke2fs}` };
  }
  const summary =
    'mke2fs is not installed; vmlet cannot create volumes, a disk at /data for micro, or images of packages';
  return { item, state: 'degraded', summary, remedy: install('mke2fs') };
}

function limitsFinding({ limits }: Surroundings): Finding {
  const item = 'limits';
  if (!limits.usable)
    return {
      item,
      state: 'degraded',
      summary: `--limit is not available: ${limits.reason}`,
      remedy: limits.remedy,
    };
  const lack = controllersLacking(limits.controllers);
  if (lack === undefined) {
    return { item, state: 'works', summary: '--limit works: systemd can limit memory and processors' };
  }
  const remedy = controllersRemedy(limits.manager);
  return { item, state: 'degraded', summary: `--limit is not available: ${lack}`, remedy };
}

function processLimitsFinding({ processLimits }: Surroundings): Finding {
  const item = 'process-limits';
  const low = lowLimitsOf(processLimits);
  if (low.length === 0) {
    return {
      item,
      state: 'works',
      summary: 'the limits on open files, processes and file size are high enough',
    };
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
      remedy: 'set XDG_RUNTIME_DIR to a directory that you own, such as /run/user/$(id -u)',
    };
  }
  const length = Buffer.byteLength(path) + LONGEST_SOCKET_NAME;
  if (length > LONGEST_SOCKET_PATH) {
    return {
      item,
      state: 'broken',
      summary: `the path ${path} is too long: sockets in it would have paths of more than ${LONGEST_SOCKET_PATH} bytes`,
      remedy: 'set XDG_RUNTIME_DIR to a shorter path, such as /run/user/$(id -u)',
    };
  }
  if (fromEnvironment) return { item, state: 'works', summary: `vmlet creates its sockets in ${path}` };
  const reason = taken === undefined ? '' : `, and ${taken} belongs to another user`;
  return {
    item,
    state: 'works',
    summary: `vmlet creates its sockets in ${path}, because XDG_RUNTIME_DIR is not set${reason}`,
  };
}

function diskSpaceFinding({ dataDirectory: { path, freeBytes } }: Surroundings): Finding {
  const item = 'disk-space';
  const summary = `${formatBytes(freeBytes)} free for images in ${path}`;
  if (freeBytes >= MICRO_IMAGE_BYTES) return { item, state: 'works', summary };
  const remedy = `building an image may require ${formatBytes(MICRO_IMAGE_BYTES)}; free some space (to see what vmlet uses, run: vmlet system df)`;
  return { item, state: 'degraded', summary, remedy };
}

function microImageFinding({ packageManager, canDownloadPackages }: Surroundings): Finding {
  const item = 'micro-image';
  if (!canDownloadPackages) {
    return {
      item,
      state: 'degraded',
      summary: 'vmlet cannot build the micro image: to fetch a kernel, it needs apt-get and dpkg-deb, or dnf',
      remedy: 'use your own files: vmlet image build micro --kernel FILE --modules DIR --busybox FILE',
    };
  }
  const manager = packageManager === undefined ? '' : ` (${packageManager})`;
  const summary = `vmlet can build the micro image from this distribution's packages${manager}`;
  return { item, state: 'works', summary };
}

function uefiFinding({ uefi }: Surroundings, install: Install): Finding {
  const item = 'uefi';
  if ('path' in uefi)
    return { item, state: 'works', summary: `guests can boot with UEFI, using ${uefi.path}` };
  const summary = `guests cannot boot with UEFI (--firmware uefi): ${uefi.problem}`;
  return { item, state: 'degraded', summary, remedy: install('UEFI firmware') };
}

/** Templates and forks need vmgenid, which tells a guest that it is another machine; saved machines do not. */
function forksFinding({ devices }: QemuFeatures): Finding {
  const item = 'forks';
  if (devices.includes('vmgenid')) {
    return { item, state: 'works', summary: 'guests can be saved, and forked from templates' };
  }
  return {
    item,
    state: 'degraded',
    summary:
      'guests can be saved, but templates and forks are not available: this QEMU does not support vmgenid',
    remedy: 'use a QEMU that was built with vmgenid',
  };
}
